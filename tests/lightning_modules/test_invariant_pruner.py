import pytest
import torch
from torch.optim import SGD, AdamW
from torch.testing import assert_close

from datamodules.digits import Digits
from datamodules.steps import Steps
from lightning_modules.invariant_pruner import InvariantPruner
from lightning_modules.schedule import Schedule, WarmUp
from scalegmn.graph import NetworkGraph
from scalegmn.nn import Architecture
from scalegmn.predictor import AccuracyPredictor, Metanetwork
from scalegmn.predictor.judge import Trusting
from scalegmn.pruning import l1
from scalegmn.targets import SmallCNN

RECIPE = Metanetwork(Architecture(d=4, num_layers=2, dropout=0.5, preserve_size=True))


@pytest.fixture
def net():
    return SmallCNN(1, 10, width=4)


@pytest.fixture
def judge(net):
    graph = NetworkGraph.from_module(net, torch.zeros(1, 1, 32, 32))
    return Trusting(AccuracyPredictor(RECIPE, graph))


@pytest.fixture
def fit(make_trainer):
    def fit(module, steps=5, **kwargs):
        trainer = make_trainer(**kwargs)
        trainer.fit(module, datamodule=Steps(Digits(batch_size=256, seed=0), steps=steps))
        return trainer

    return fit


def module_of(net, judge, *, l1_weight=1e-3, optimizer=lambda p: SGD(p, lr=0.1), **options):
    return InvariantPruner(
        net, judge, image_shape=(1, 32, 32), l1_weight=l1_weight, optimizer=optimizer, **options
    )


def test_a_step_follows_the_gradient_of_the_objective(net, judge, fit):
    module = module_of(net, judge)
    start = {n: p.detach().clone().requires_grad_() for n, p in net.named_parameters()}
    judge.eval()
    loss = 1e-3 * l1(start) - judge.predictor(module.graph, start)
    loss.backward()
    trainer = fit(module, steps=1)
    for name, p in net.named_parameters():
        assert_close(p.detach(), start[name].detach() - 0.1 * start[name].grad)
    assert_close(trainer.callback_metrics["train/loss"], loss.detach())


def test_the_predictor_stays_and_gets_no_gradient(net, judge, fit):
    before = {name: p.clone() for name, p in judge.state_dict().items()}
    module = module_of(net, judge, optimizer=lambda p: AdamW(p, lr=1e-2, weight_decay=0.1))
    fit(module, steps=20)
    assert all(torch.equal(p, before[name]) for name, p in judge.state_dict().items())
    assert all(p.grad is None and not p.requires_grad for p in judge.parameters())
    assert not any(m.training for m in judge.modules()) and net.training
    assert set(module.state_dict()) == {f"net.{name}" for name in net.state_dict()}


def test_the_objective_falls_and_the_gap_is_what_is_promised_less_what_is(net, judge, fit):
    module = module_of(net, judge, l1_weight=1e-2, optimizer=lambda p: AdamW(p, lr=1e-2))
    first = float(1e-2 * l1(module.theta).detach() - module.predicted(module.theta))
    metrics = fit(module, steps=60).callback_metrics
    assert metrics["train/loss"] < first - 0.1
    assert_close(metrics["val/gap"], metrics["val/predicted"] - metrics["val/accuracy"])
    assert_close(metrics["val/predicted"], module.predicted(module.theta))
    data = Digits(batch_size=256, seed=0)
    data.setup()
    x, y = data.full_batch("val")
    assert_close(metrics["val/accuracy"], (net(x).argmax(1) == y).float().mean())


def test_the_rate_warms_up(net, judge, fit):
    schedule = Schedule(
        lambda o: torch.optim.lr_scheduler.LambdaLR(o, WarmUp(100)), interval="step"
    )
    trainer = fit(module_of(net, judge, scheduler=schedule), steps=20)
    assert trainer.optimizers[0].param_groups[0]["lr"] == pytest.approx(0.1 * 21 / 100)


def test_a_negative_penalty_is_refused(net, judge):
    with pytest.raises(ValueError, match="^model.l1_weight must be a number at least 0"):
        module_of(net, judge, l1_weight=-1.0)


def test_a_predictor_of_other_networks_is_refused(judge):
    with pytest.raises(ValueError, match="this predictor reads networks with"):
        module_of(SmallCNN(1, 7, width=4), judge)

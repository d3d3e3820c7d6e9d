from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import SGD, Adam

from lightning_modules.equivariant_pruner import EquivariantPruner
from scalegmn.graph import NetworkGraph
from scalegmn.metanetwork import Operator
from scalegmn.nn import Architecture
from scalegmn.pruning import l1
from scalegmn.targets import VGG, SmallCNN


class Shrink(nn.Module):
    """A stand-in for an operator: multiplies all parameters by one learned factor."""

    def __init__(self, graph):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(0.9))

    def forward(self, graph, params):
        return {name: self.factor * p for name, p in params.items()}


def pruner(target, operator=Shrink, lr=0.0, l1_weight=1e-3):
    return EquivariantPruner(
        target,
        operator=operator,
        image_shape=(1, 32, 32),
        l1_weight=l1_weight,
        optimizer=partial(SGD, lr=lr),
    )


def test_the_loss_is_cross_entropy_and_the_sum_of_magnitudes(make_trainer, data):
    target = SmallCNN()
    trainer = make_trainer()
    trainer.fit(pruner(target), datamodule=data)
    found = {name: float(v) for name, v in trainer.callback_metrics.items()}
    with torch.no_grad():
        for p in target.parameters():
            p *= 0.9
        norm = float(l1(dict(target.named_parameters())))
        for split, loader in (("train", data.train_dataloader()), ("val", data.val_dataloader())):
            x, y = (torch.cat(parts) for parts in zip(*loader, strict=True))
            ce = float(F.cross_entropy(target(x), y))
            if split == "train":
                assert found["train/loss"] == pytest.approx(ce + 1e-3 * norm, rel=1e-5)
            else:
                assert found["val/loss"] == pytest.approx(ce, rel=1e-5)
                assert found["val/l1"] == pytest.approx(norm, rel=1e-5)
                assert found["val/total"] == pytest.approx(ce + 1e-3 * norm, rel=1e-5)


def test_only_the_operator_is_trained(make_trainer, data):
    target = SmallCNN()
    module = pruner(target, lr=1e-3, l1_weight=1.0)
    make_trainer().fit(module, datamodule=data)
    assert module.operator.factor < 0.9
    for name, p in target.named_parameters():
        assert torch.equal(p, dict(module.target.named_parameters())[name])
    optimizer = module.configure_optimizers()
    assert [p for g in optimizer.param_groups for p in g["params"]] == [module.operator.factor]


@pytest.mark.parametrize(
    ("value", "message"),
    [(1e20, r"^fc\.weight makes values of 1\.0e\+20"), (float("nan"), "^fc.weight holds NaN")],
)
@pytest.mark.parametrize("operator", [Shrink, partial(Operator, arch=Architecture(d=4))])
def test_a_network_that_no_operator_can_read_is_refused(
    operator, value, message, make_trainer, data
):
    target = SmallCNN()
    with torch.no_grad():
        target.fc.weight[0, 0] = value
    with pytest.raises(ValueError, match=message):
        make_trainer().fit(pruner(target, operator), datamodule=data)


def test_dropout_is_active_in_training_only(make_trainer, data):
    module = pruner(SmallCNN(dropout=0.5))
    trainer = make_trainer(limit_train_batches=1, limit_val_batches=1)
    trainer.fit(module, datamodule=data)
    first = {name: float(v) for name, v in trainer.callback_metrics.items()}
    torch.manual_seed(5)
    again = make_trainer(limit_train_batches=1, limit_val_batches=1)
    again.fit(module, datamodule=data)
    second = {name: float(v) for name, v in again.callback_metrics.items()}
    assert first["val/loss"] == second["val/loss"]
    assert first["train/loss"] != second["train/loss"]


def test_batch_normalisation_is_folded():
    module = pruner(VGG(11, in_channels=1, batch_norm=True))
    assert not any(isinstance(m, nn.BatchNorm2d) for m in module.target.modules())
    assert module.rewritten().keys() == dict(module.target.named_parameters()).keys()


def test_what_is_offered_is_detached_and_fits_the_target():
    module = pruner(SmallCNN())
    offered = module.rewritten()
    assert not any(p.requires_grad for p in offered.values())
    module.target.load_state_dict(offered)


def test_a_layer_that_the_graph_cannot_express_is_named():
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.ConvTranspose2d(1, 1, 3)

        def forward(self, x):
            return self.conv(x).flatten(1)

    with pytest.raises(ValueError, match="conv"):
        pruner(Odd())


def test_the_operator_makes_the_network_sparser(make_trainer, data):
    def operator(graph: NetworkGraph) -> Operator:
        arch = Architecture(d=8, num_layers=2, equivariant_encoding=True, skip=True)
        return Operator(graph, arch)

    module = EquivariantPruner(
        SmallCNN(),
        operator=operator,
        image_shape=(1, 32, 32),
        l1_weight=1e-2,
        optimizer=partial(Adam, lr=1e-2),
    )
    before = float(l1(module.rewritten()))
    make_trainer(max_epochs=2).fit(module, datamodule=data)
    assert float(l1(module.rewritten())) < 0.8 * before


class Bend(nn.Module):
    """A stand-in for an operator whose gradient depends on all that is learned."""

    def __init__(self, graph):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(0.9))
        self.shift = nn.Parameter(torch.tensor(0.01))

    def forward(self, graph, params):
        return {n: self.factor * p + self.shift * self.factor.sin() for n, p in params.items()}


@pytest.mark.parametrize("batches_per_step", [1, 3, 4, 100])
def test_a_step_follows_the_gradient_of_the_mean_over_its_batches(
    make_trainer, data, float64, batches_per_step
):
    target = SmallCNN(width=4)
    module = EquivariantPruner(
        target,
        operator=Bend,
        image_shape=(1, 32, 32),
        l1_weight=1e-2,
        optimizer=partial(SGD, lr=1e-2),
        batches_per_operator_step=batches_per_step,
    )
    trainer = make_trainer(precision="64-true")
    trainer.fit(module, datamodule=data)

    operator = Bend(None)
    optimizer = SGD(operator.parameters(), lr=1e-2)
    batches = [(x.double(), y) for x, y in data.train_dataloader()]
    assert len(batches) == 7  # So that the last step has fewer batches, down to one.
    steps = [batches[i : i + batches_per_step] for i in range(0, 7, batches_per_step)]
    for step in steps:
        theta = operator(None, dict(target.double().named_parameters()))
        errors = [F.cross_entropy(torch.func.functional_call(target, theta, x), y) for x, y in step]
        optimizer.zero_grad()
        (torch.stack(errors).mean() + 1e-2 * l1(theta)).backward()
        optimizer.step()
    assert trainer.global_step == len(steps)
    for ours, theirs in zip(module.operator.parameters(), operator.parameters(), strict=True):
        assert ours.item() == pytest.approx(theirs.item(), rel=1e-6)
        assert ours.item() not in (0.9, 0.01)


def test_the_operator_runs_once_per_step(make_trainer, data):
    calls = []
    module = pruner(SmallCNN())
    module.batches_per_operator_step = 3
    module.operator.register_forward_hook(lambda *_: calls.append(module.training))
    make_trainer(limit_val_batches=0).fit(module, datamodule=data)
    assert len(calls) == 3


def test_a_step_needs_a_batch():
    with pytest.raises(ValueError, match="batches_per_operator_step must be at least 1, got 0"):
        EquivariantPruner(
            SmallCNN(),
            operator=Shrink,
            image_shape=(1, 32, 32),
            l1_weight=0.0,
            optimizer=SGD,
            batches_per_operator_step=0,
        )


def test_the_operator_keeps_its_precision(make_trainer, data):
    def operator(graph: NetworkGraph) -> Operator:
        return Operator(graph, Architecture(d=4, num_layers=1))

    module = pruner(SmallCNN(), operator)
    exact = module.rewritten()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        for name, p in module.rewritten().items():
            assert torch.equal(p, exact[name])
    trainer = make_trainer(precision="bf16-mixed")
    trainer.fit(module, datamodule=data)
    assert trainer.callback_metrics["val/loss"] < 10


def test_only_the_operator_is_compiled_on_demand():
    plain = pruner(SmallCNN())
    compiled = EquivariantPruner(
        SmallCNN(),
        operator=Shrink,
        image_shape=(1, 32, 32),
        l1_weight=1e-3,
        optimizer=partial(SGD, lr=0.1),
        compile={"backend": "eager"},
    )
    assert compiled.state_dict().keys() == plain.state_dict().keys()
    assert compiled.operator._compiled_call_impl is not None
    assert plain.operator._compiled_call_impl is None

from copy import deepcopy
from functools import partial

import pytest
import torch
from lightning import Callback
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import nn
from torch.optim import Adam
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, LinearLR, SequentialLR

from callbacks import MetricsCSV, SpikeRollback


def warm_up(optimizer):
    return LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / 4))


class Blow(Callback):
    """Ruins the weights in some epochs, and remembers what follows."""

    def __init__(self, *epochs, factor=float("nan")):
        self.epochs = epochs
        self.factor = factor
        self.rates = []
        self.weights = []

    def on_train_epoch_start(self, trainer, pl_module):
        self.weights.append(pl_module.net[2].weight.detach().clone())

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        self.rates.append(trainer.optimizers[0].param_groups[0]["lr"])
        if trainer.current_epoch in self.epochs:
            pl_module.net[2].weight.data.mul_(self.factor)


@pytest.fixture
def module(net, module_of):
    return module_of(net, partial(Adam, lr=1e-3), warm_up)


@pytest.fixture
def run(module, data, make_trainer):
    def run(*epochs, max_epochs, factor=float("nan"), module=module, callbacks=(), **kwargs):
        blow = Blow(*epochs, factor=factor)
        rollback = SpikeRollback(best="val/loss", threshold=20.0)
        trainer = make_trainer(
            max_epochs=max_epochs, callbacks=[blow, *callbacks, rollback], **kwargs
        )
        trainer.fit(module, **data)
        return blow, rollback, trainer

    return run


def test_the_best_weights_come_back(run):
    blow, rollback, _ = run(2, max_epochs=4)
    assert rollback.rollbacks == 1
    assert torch.equal(blow.weights[3], blow.weights[2])
    assert not torch.equal(blow.weights[2], blow.weights[1])


def test_running_statistics_come_back(run, module_of):
    net = nn.Sequential(nn.Linear(8, 12), nn.BatchNorm1d(12), nn.Linear(12, 4))

    class Poison(Callback):
        def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
            if trainer.current_epoch == 1:
                net[1].running_mean.fill_(float("nan"))

    _, rollback, trainer = run(max_epochs=3, module=module_of(net), callbacks=[Poison()])
    assert rollback.rollbacks == 1 and net[1].running_mean.isfinite().all()
    assert trainer.callback_metrics["val/loss"].isfinite()


def test_frozen_parameters_are_not_kept(run, net):
    net[0].requires_grad_(False)
    _, rollback, _ = run(max_epochs=1)
    assert rollback.state_dict()["snapshot"]["weights"].keys() == {"net.2.weight", "net.2.bias"}


def test_the_lower_rate_lasts_although_the_schedule_goes_on(run):
    blow, _, trainer = run(1, 3, max_epochs=5)
    by_epoch = [blow.rates[i : i + 5] for i in range(0, 25, 5)]
    assert by_epoch[1] == [1e-3] * 5
    assert by_epoch[2] == by_epoch[3] == [5e-4] * 5
    assert by_epoch[4] == [2.5e-4] * 5
    assert trainer.lr_scheduler_configs[0].scheduler.base_lrs == [2.5e-4]


def composed(optimizer):
    parts = [LinearLR(optimizer, 0.1, total_iters=7), CosineAnnealingLR(optimizer, 20)]
    return SequentialLR(optimizer, parts, [7])


def test_a_schedule_of_parts_goes_on_from_the_lower_rate(run, module_of, net):
    def rates(*epochs):
        start = deepcopy(net.state_dict())
        blow, _, _ = run(
            *epochs, max_epochs=4, module=module_of(net, partial(Adam, lr=1e-3), composed)
        )
        net.load_state_dict(start)
        return blow.rates

    # The spike comes inside the warm-up's successor; the plain fit has none.
    whole, spiked = rates(), rates(1)
    assert spiked[:10] == whole[:10]
    assert spiked[10:] == pytest.approx([rate / 2 for rate in whole[10:]])


def test_the_snapshot_is_a_copy(run):
    _, rollback, trainer = run(1, max_epochs=3)
    kept = rollback.state_dict()["snapshot"]["optimizers"][0]["state"]
    live = trainer.optimizers[0].state_dict()["state"]
    for index, state in kept.items():
        assert state["exp_avg"].data_ptr() != live[index]["exp_avg"].data_ptr()


def test_a_second_rollback_finds_the_same_state(run, module):
    blow, rollback, trainer = run(1, 2, max_epochs=3)
    assert rollback.rollbacks == 2
    steps = [float(s["step"]) for s in trainer.optimizers[0].state_dict()["state"].values()]
    assert steps == [5.0] * 4
    assert torch.equal(blow.weights[2], blow.weights[1])
    assert torch.equal(module.net[2].weight, blow.weights[1])


def test_divergence_before_any_good_epoch_is_an_error_at_once(run):
    with pytest.raises(ValueError, match=r"val/loss is nan in epoch 0, before any epoch .* Lower"):
        run(0, max_epochs=3)


def test_a_bad_start_that_is_finite_changes_nothing(run):
    _, rollback, _ = run(0, max_epochs=1, factor=1e4)
    assert rollback.rollbacks == 0 and rollback.state_dict()["snapshot"] == {}


def test_divergence_after_a_bad_start_is_an_error(run):
    class Worse(Callback):
        def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
            pl_module.net[2].weight.data.mul_(float("nan") if trainer.current_epoch else 1e4)

    with pytest.raises(ValueError, match="val/loss is nan in epoch 1, before any epoch"):
        run(max_epochs=3, callbacks=[Worse()])


class Totals(Callback):
    """Logs ``val/total``, one given number per epoch."""

    def __init__(self, *totals):
        self.totals = totals

    def on_validation_epoch_end(self, trainer, pl_module):
        pl_module.log("val/total", self.totals[trainer.current_epoch])


def test_an_undone_epoch_is_not_the_best_one(net, data, make_trainer, module_of, tmp_path):
    blow = Blow(1, factor=1e4)
    rollback = SpikeRollback(best="val/total", threshold=20.0)
    best = ModelCheckpoint(
        tmp_path, filename="best", monitor="val/total", save_on_train_epoch_end=True
    )
    table = MetricsCSV(tmp_path / "metrics.csv")
    make_trainer(
        max_epochs=4,
        callbacks=[Totals(3.0, 1.0, 2.0, 2.5), blow, table, rollback, best],
        enable_checkpointing=True,
    ).fit(module_of(net, partial(Adam, lr=1e-3)), **data)
    assert rollback.rollbacks == 1
    assert float(best.best_model_score) == 2.0
    saved = torch.load(best.best_model_path, weights_only=True)
    assert saved["epoch"] == 2
    assert torch.equal(saved["state_dict"]["net.2.weight"], blow.weights[3])
    # The table has what was measured, and which epoch was undone.
    lines = [line.split(",") for line in table.file.read_text().splitlines()]
    columns = {name: [line[i] for line in lines[1:]] for i, name in enumerate(lines[0])}
    assert columns["val/total"] == ["3.0", "1.0", "2.0", "2.5"]
    assert columns["rolled_back"] == ["", "1.0", "", ""]


def test_a_resumed_fit_is_the_uninterrupted_one(net, data, make_trainer, module_of, tmp_path):
    class Save(Callback):
        def on_train_epoch_end(self, trainer, pl_module):
            trainer.save_checkpoint(tmp_path / f"{trainer.current_epoch}.ckpt")
            torch.save(torch.get_rng_state(), tmp_path / f"{trainer.current_epoch}.rng")

    def fit(ckpt_path=None, *callbacks):
        rollback = SpikeRollback(best="val/loss", threshold=20.0)
        trainer = make_trainer(max_epochs=6, callbacks=[Blow(2, 4), rollback, *callbacks])
        module = module_of(net, partial(Adam, lr=1e-3), warm_up)
        trainer.fit(module, **data, ckpt_path=ckpt_path, weights_only=True)
        rate = trainer.optimizers[0].param_groups[0]["lr"]
        return rollback.rollbacks, rate, deepcopy(net.state_dict())

    rollbacks, rate, weights = fit(None, Save())
    assert (rollbacks, rate) == (2, 2.5e-4)
    for epoch in range(5):
        torch.set_rng_state(torch.load(tmp_path / f"{epoch}.rng"))
        again = fit(tmp_path / f"{epoch}.ckpt")
        assert again[:2] == (rollbacks, rate)
        assert all(torch.equal(again[2][name], tensor) for name, tensor in weights.items())


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"factor": 0.0}, "factor must be above 0 and at most 1, got 0.0"),
        ({"factor": 1.5}, "factor must be above 0 and at most 1, got 1.5"),
        ({"threshold": 0.0}, "threshold must be above 0, got 0.0"),
        ({"threshold": float("nan")}, "threshold must be above 0, got nan"),
    ],
)
def test_numbers_are_checked(wrong, message):
    with pytest.raises(ValueError, match=message):
        SpikeRollback(best="val/loss", **wrong)


def test_a_metric_that_is_missing_is_named(net, data, make_trainer, module_of):
    trainer = make_trainer(callbacks=[SpikeRollback("val/los", best="val/loss")])
    with pytest.raises(ValueError, match="val/los is no metric .* there are: .*val/loss"):
        trainer.fit(module_of(net), **data)

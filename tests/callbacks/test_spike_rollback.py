from functools import partial

import pytest
import torch
from lightning import Callback
from lightning.pytorch.callbacks import ModelCheckpoint
from torch.optim import Adam
from torch.optim.lr_scheduler import LambdaLR

from callbacks.spike_rollback import SpikeRollback
from lightning_modules.classifier import Classifier
from lightning_modules.schedule import Schedule, WarmUp


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
def module(net):
    schedule = Schedule(partial(LambdaLR, lr_lambda=WarmUp(3)), "step")
    return Classifier(net, optimizer=partial(Adam, lr=1e-3), scheduler=schedule)


def run(module, data, make_trainer, *epochs, max_epochs):
    blow, rollback = Blow(*epochs), SpikeRollback(best="val/loss", threshold=20.0)
    trainer = make_trainer(max_epochs=max_epochs, callbacks=[blow, rollback])
    trainer.fit(module, datamodule=data)
    return blow, rollback, trainer


def test_the_best_weights_come_back(module, data, make_trainer):
    blow, rollback, _ = run(module, data, make_trainer, 2, max_epochs=4)
    assert rollback.rollbacks == 1
    assert torch.equal(blow.weights[3], blow.weights[2])
    assert not torch.equal(blow.weights[2], blow.weights[1])


def test_the_lower_rate_lasts_although_the_warm_up_goes_on(module, data, make_trainer):
    blow, _, trainer = run(module, data, make_trainer, 1, 3, max_epochs=5)
    by_epoch = [blow.rates[i : i + 5] for i in range(0, 25, 5)]
    assert by_epoch[1] == [1e-3] * 5
    assert by_epoch[2] == by_epoch[3] == [5e-4] * 5
    assert by_epoch[4] == [2.5e-4] * 5
    assert trainer.lr_scheduler_configs[0].scheduler.base_lrs == [2.5e-4]


def test_the_snapshot_is_a_copy(module, data, make_trainer):
    _, rollback, trainer = run(module, data, make_trainer, 1, max_epochs=3)
    # Epoch 2 was trained from the restored state; the snapshot has to be that of epoch 2 or 0,
    # and share no memory with the live optimizer either way.
    kept = rollback._snapshot["optimizers"][0]["state"]
    live = trainer.optimizers[0].state_dict()["state"]
    for index, state in kept.items():
        assert state["exp_avg"].data_ptr() != live[index]["exp_avg"].data_ptr()


def test_a_second_rollback_finds_the_same_state(module, data, make_trainer):
    blow, rollback, trainer = run(module, data, make_trainer, 1, 2, max_epochs=3)
    assert rollback.rollbacks == 2
    steps = [float(s["step"]) for s in trainer.optimizers[0].state_dict()["state"].values()]
    assert steps == [5.0] * 4
    assert torch.equal(blow.weights[2], blow.weights[1])
    assert torch.equal(module.net[2].weight, blow.weights[1])


def test_before_any_good_epoch_nothing_happens(module, data, make_trainer):
    _, rollback, _ = run(module, data, make_trainer, 0, max_epochs=1)
    assert rollback.rollbacks == 0


class Totals(Callback):
    """Logs ``val/total``, one given number per epoch."""

    def __init__(self, *totals):
        self.totals = totals

    def on_validation_epoch_end(self, trainer, pl_module):
        pl_module.log("val/total", self.totals[trainer.current_epoch])


def test_an_undone_epoch_is_not_the_best_one(net, data, make_trainer, tmp_path):
    blow = Blow(1, factor=1e4)
    rollback = SpikeRollback(best="val/total", threshold=20.0)
    best = ModelCheckpoint(
        tmp_path, filename="best", monitor="val/total", save_on_train_epoch_end=True
    )
    make_trainer(
        max_epochs=4,
        callbacks=[Totals(3.0, 1.0, 2.0, 2.5), blow, rollback, best],
        enable_checkpointing=True,
    ).fit(Classifier(net, optimizer=partial(Adam, lr=1e-3)), datamodule=data)
    assert rollback.rollbacks == 1
    assert float(best.best_model_score) == 2.0
    saved = torch.load(best.best_model_path, weights_only=True)
    assert saved["epoch"] == 2
    assert torch.equal(saved["state_dict"]["net.2.weight"], blow.weights[3])


def test_the_state_survives_a_checkpoint(module, data, make_trainer):
    _, rollback, _ = run(module, data, make_trainer, 1, max_epochs=2)
    other = SpikeRollback(best="val/loss")
    other.load_state_dict(rollback.state_dict())
    assert other.rollbacks == 1 and other._snapshot["score"] == rollback._snapshot["score"]

from functools import partial

import pytest
import torch
from lightning import Callback
from lightning.pytorch.callbacks import ModelCheckpoint
from torch.optim import SGD

from callbacks import SpikeRollback, StopOnDivergence


class Multiply(Callback):
    """Multiplies the weights in one epoch."""

    def __init__(self, epoch, factor, batch=4):
        self.epoch, self.factor, self.batch = epoch, factor, batch

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        if (trainer.current_epoch, batch_idx) == (self.epoch, self.batch):
            pl_module.net[2].weight.data.mul_(self.factor)


@pytest.fixture
def fit(net, data, make_trainer, module_of, tmp_path):
    def fit(*callbacks, at_epoch_end=True, max_epochs=4, monitor="val/loss", **kwargs):
        common = {"enable_version_counter": False, "save_on_train_epoch_end": at_epoch_end}
        best = ModelCheckpoint(tmp_path, "best", monitor=monitor, **common)
        last = ModelCheckpoint(tmp_path, "last", **common)
        make_trainer(
            max_epochs=max_epochs,
            callbacks=[*callbacks, best, last],
            enable_checkpointing=True,
            **kwargs,
        ).fit(module_of(net, partial(SGD, lr=0.1)), **data)

    return fit


@pytest.mark.parametrize("at_epoch_end", [True, False])
@pytest.mark.parametrize(
    ("factor", "batch", "message"),
    [
        (float("nan"), 4, "val/loss is nan in epoch 2"),
        (float("nan"), 1, "(train|val)/loss is nan in epoch 2"),
        (1e18, 4, r"val/loss is \d.*e\+1\d in epoch 2"),
    ],
)
def test_the_epoch_of_divergence_is_not_saved(fit, tmp_path, at_epoch_end, factor, batch, message):
    with pytest.raises(ValueError, match=f"training diverged: {message}. Lower the learning rate"):
        fit(StopOnDivergence(), Multiply(2, factor, batch), at_epoch_end=at_epoch_end)
    for name in ("best", "last"):
        saved = torch.load(tmp_path / f"{name}.ckpt", weights_only=True)
        assert saved["epoch"] <= 1
        assert all(t.isfinite().all() for t in saved["state_dict"].values())
    assert torch.load(tmp_path / "last.ckpt", weights_only=True)["epoch"] == 1


def test_the_first_epoch_may_diverge_too(fit, tmp_path):
    with pytest.raises(ValueError, match="val/loss is nan in epoch 0"):
        fit(StopOnDivergence(), Multiply(0, float("nan")))
    assert not list(tmp_path.glob("*.ckpt"))


def test_training_alone_is_watched_as_well(fit, tmp_path):
    with pytest.raises(ValueError, match="train/loss is nan in epoch 1"):
        fit(
            StopOnDivergence(),
            Multiply(1, float("nan"), batch=0),
            monitor="train/loss",
            check_val_every_n_epoch=4,
        )
    assert torch.load(tmp_path / "last.ckpt", weights_only=True)["epoch"] == 0


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("at_epoch_end", [True, False])
@pytest.mark.parametrize("every", [1, 2])
def test_a_spike_that_is_rolled_back_is_no_divergence(fit, tmp_path, order, at_epoch_end, every):
    rollback = SpikeRollback(best="val/loss", threshold=20.0)
    both = [StopOnDivergence(), rollback][::order]
    # The bad epoch is validated; after it, with every = 2, comes one that is not.
    fit(
        *both,
        Multiply(3, float("nan"), batch=1),
        at_epoch_end=at_epoch_end,
        max_epochs=6,
        check_val_every_n_epoch=every,
        monitor="val/loss" if every == 1 else "train/loss",
    )
    assert rollback.rollbacks == 1
    saved = torch.load(tmp_path / "last.ckpt", weights_only=True)
    assert saved["epoch"] == 5
    assert all(t.isfinite().all() for t in saved["state_dict"].values())


def test_divergence_after_a_rollback_is_found_though_nothing_is_validated(fit):
    rollback = SpikeRollback(best="val/loss", threshold=20.0)
    nan = float("nan")
    with pytest.raises(ValueError, match="loss is nan in epoch 4"):
        fit(
            *(StopOnDivergence(), rollback, Multiply(3, nan), Multiply(4, nan, batch=1)),
            max_epochs=6,
            monitor="train/loss",
            check_val_every_n_epoch=2,
        )
    assert rollback.rollbacks == 1


def test_other_metrics_may_be_anything(fit):
    class Log(Callback):
        def on_validation_epoch_end(self, trainer, pl_module):
            pl_module.log("val/perplexity", float("inf"))

    fit(StopOnDivergence(), Log(), max_epochs=1)


def test_the_limit_can_be_set(fit):
    with pytest.raises(ValueError, match="train/loss is .* in epoch 0"):
        fit(StopOnDivergence(largest=1e-3))
    with pytest.raises(ValueError, match="largest must be above 0, got 0.0"):
        StopOnDivergence(largest=0.0)

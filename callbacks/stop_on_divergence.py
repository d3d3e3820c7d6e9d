"""End a fit that has diverged."""

from math import isfinite
from typing import Any

from lightning import Callback, LightningModule, Trainer
from torch import Tensor


class Diverged(ValueError):
    """A loss is not finite."""


class StopOnDivergence(Callback):
    """Raise an error at the end of an epoch whose loss is not finite, before it is saved.

    No checkpoint of that epoch replaces an earlier one, so that the last finite weights stay. A
    spike that another callback has undone is no divergence: such a callback sets
    ``trainer.callback_metrics["rolled_back"]``, as :class:`~callbacks.spike_rollback.SpikeRollback`
    does, and leaves finite weights. Its place among the callbacks does not matter::

        stop_on_divergence:
          _target_: callbacks.StopOnDivergence

    Args:
        largest: losses above it count as diverged, too.

    Raises:
        Diverged: names a metric whose name contains ``loss``, its value, the epoch (counted from
            0, as in ``metrics.csv``) and what to do.
    """

    def __init__(self, *, largest: float = 1e10) -> None:
        if not largest > 0:
            raise ValueError(f"largest must be above 0, got {largest}")
        self.largest = largest
        self._old: dict[str, Tensor] = {}

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # The trainer keeps metrics until they are measured again, those of undone epochs, too.
        self._old = dict(trainer.callback_metrics)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._check(trainer, pl_module)

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        # Before the file is touched; checkpoints may be saved before the end of the epoch.
        if trainer.training or trainer.validating:
            self._check(trainer, pl_module)

    def _check(self, trainer: Trainer, pl_module: LightningModule) -> None:
        diverged = {
            name: float(value)
            for name, value in sorted(trainer.callback_metrics.items())
            if "loss" in name
            and self._old.get(name) is not value
            and not abs(float(value)) <= self.largest
        }
        if not diverged or ("rolled_back" in trainer.callback_metrics and _finite(pl_module)):
            return
        name, value = next(iter(diverged.items()))
        raise Diverged(
            f"training diverged: {name} is {value:g} in epoch {trainer.current_epoch}. Lower the "
            "learning rate or clip gradients; checkpoints hold the last finite weights"
        )


def _finite(pl_module: LightningModule) -> bool:
    return all(isfinite(float(p.detach().abs().sum())) for p in pl_module.parameters())

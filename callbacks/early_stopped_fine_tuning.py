"""Stop a fit when validation no longer improves, and give the best weights back."""

from copy import deepcopy
from typing import Any

import torch
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping
from torch import Tensor


class EarlyStoppedFineTuning(EarlyStopping):
    """Lightning's early stopping, with the weights of the best epoch at the end.

    The best weights are part of the checkpoint. A fit that is resumed after it had stopped stops at
    once: a fit that is killed between its last checkpoint and its end would otherwise train for one
    more epoch. A metric that is not a number stops the fit::

        early_stopped_fine_tuning:
          _target_: callbacks.EarlyStoppedFineTuning
          monitor: val/loss
          patience: 10

    Args:
        monitor: the metric.
        patience: epochs without a better one until the fit stops.
        mode: whether better is ``min`` or ``max``.

    Raises:
        ValueError: if the patience is below 1.
    """

    def __init__(self, monitor: str = "val/loss", *, patience: int = 10, mode: str = "min") -> None:
        if patience < 1:
            raise ValueError(f"patience must be at least 1 epoch, got {patience}")
        super().__init__(monitor, patience=patience, mode=mode)
        self._best: dict[str, Tensor] = {}

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self.wait_count >= self.patience or self.stopped_epoch:
            trainer.should_stop = True

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        before = self.best_score.clone()
        super().on_validation_end(trainer, pl_module)
        if not torch.equal(before, self.best_score):
            self._best = deepcopy(pl_module.state_dict())

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        super().on_train_end(trainer, pl_module)
        if self._best:
            pl_module.load_state_dict(self._best)

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "best_weights": self._best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict)
        self._best = state_dict["best_weights"]

"""Stop a fit when validation no longer improves, and give the best weights back."""

from typing import Any

import torch
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping
from lightning.pytorch.callbacks.early_stopping import EarlyStoppingReason
from torch import Tensor


class EarlyStoppedFineTuning(EarlyStopping):
    """Lightning's early stopping, with the weights of the best validation at the end of the fit.

    The best weights are part of the checkpoint, so that a fit can be resumed at any moment. Resumed
    after it had stopped, it stops at once; Lightning's own would train one more epoch. A metric
    that is not finite stops the fit without an error, and the best weights come back at once: those
    from the start of the fit if no validation was finite. This is no divergence to
    :class:`~callbacks.stop_on_divergence.StopOnDivergence`. ::

        early_stopped_fine_tuning:
          _target_: callbacks.EarlyStoppedFineTuning
          monitor: val/loss
          patience: 10

    Args:
        monitor: a metric of the validation.
        patience: how many validations without a better one stop the fit.
        mode: ``min`` or ``max``, what a better one is.

    Raises:
        ValueError: if the patience is below 1, or training starts without validation.
    """

    def __init__(self, monitor: str = "val/loss", *, patience: int = 10, mode: str = "min") -> None:
        if patience < 1:
            raise ValueError(f"patience must be at least 1 validation, got {patience}")
        super().__init__(monitor, patience=patience, mode=mode, check_on_train_epoch_end=False)
        self._best: dict[str, Tensor] = {}

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self.stopping_reason != EarlyStoppingReason.NOT_STOPPED:
            trainer.should_stop = True

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not trainer.enable_validation:
            raise ValueError(
                f"early stopping on {self.monitor} needs validation: give the fit validation data "
                "and a limit_val_batches above 0"
            )
        if not self._best:
            self._best = _copied(pl_module)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        before = self.best_score
        super().on_validation_end(trainer, pl_module)
        if self.best_score is not before:
            self._best = _copied(pl_module)
        elif self._not_finite and not self._should_skip_check(trainer):
            pl_module.load_state_dict(self._best)
            trainer.callback_metrics["rolled_back"] = torch.tensor(1.0)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # Not on_train_end, which a fit that had stopped before it was resumed does not reach.
        if self._not_finite or torch.isfinite(self.best_score):
            pl_module.load_state_dict(self._best)

    @property
    def _not_finite(self) -> bool:
        return self.stopping_reason == EarlyStoppingReason.NON_FINITE_METRIC

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "best_weights": self._best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict)
        self._best = state_dict["best_weights"]


def _copied(pl_module: LightningModule) -> dict[str, Tensor]:
    return {n: t.detach().to("cpu", copy=True) for n, t in pl_module.state_dict().items()}

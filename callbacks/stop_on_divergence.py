"""End a fit that has diverged."""

from math import isfinite

from lightning import Callback, LightningModule, Trainer


class StopOnDivergence(Callback):
    """Raise an error after an epoch with a loss that is not a number, before it is saved.

    Checkpoints keep the last finite weights::

        stop_on_divergence:
          _target_: callbacks.StopOnDivergence

    Args:
        largest: losses above it count as divergence, too.

    Raises:
        ValueError: naming metric and epoch.
    """

    def __init__(self, *, largest: float = 1e10) -> None:
        self.largest = largest

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.callback_metrics.get("rolled_back"):
            return  # The weights are those of a better epoch again.
        epoch = trainer.current_epoch + 1
        for name, value in sorted(trainer.callback_metrics.items()):
            number = float(value)
            if name.endswith("/loss") and not (isfinite(number) and number <= self.largest):
                raise ValueError(
                    f"diverged: {name} is {number:g} in epoch {epoch}; the last finite "
                    "weights are kept: lower the learning rate, or clip gradients "
                    "(trainer.gradient_clip_val)"
                )

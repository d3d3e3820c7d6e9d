"""Stopping when validation no longer improves."""

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping


class Patience(EarlyStopping):
    """Lightning's early stopping, which also stops a fit that is resumed after it had stopped.

    A fit that is killed between its last checkpoint and its end would otherwise train for one more
    epoch when it is resumed::

        patience:
          _target_: callbacks.patience.Patience
          monitor: val/loss
          patience: 10
    """

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self.wait_count >= self.patience:
            trainer.should_stop = True

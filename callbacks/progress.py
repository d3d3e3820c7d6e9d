"""Where a run is."""

import logging

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import RichProgressBar
from rich import get_console

log = logging.getLogger(__name__)


class Progress(RichProgressBar):
    """A Rich progress bar on a terminal; elsewhere a line in the log now and then.

    Args:
        lines: how many lines a fit gets where there is no terminal.
    """

    def __init__(self, *, lines: int = 30) -> None:
        super().__init__(refresh_rate=5)
        self.lines = lines
        if not get_console().is_terminal:
            self.disable()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        super().on_train_epoch_end(trainer, pl_module)
        epochs = trainer.max_epochs or 0
        done = trainer.current_epoch + 1
        every = max(1, epochs // self.lines) if self.lines else 0
        if self.is_disabled and trainer.is_global_zero and every and done % every == 0:
            metrics = trainer.callback_metrics
            shown = ", ".join(f"{name} {float(metrics[name]):.4g}" for name in sorted(metrics))
            log.info("epoch %d of %d: %s", done, epochs, shown)

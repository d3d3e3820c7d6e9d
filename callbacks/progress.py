"""Where a fit is."""

import logging
from typing import Any

from lightning import Callback, LightningModule, Trainer
from rich import get_console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

log = logging.getLogger(__name__)


class FitProgress(Callback):
    """A bar on a terminal, gone when the fit is over; elsewhere a line in the log now and then.

    Lightning's own bars break when fits run inside each other, and count each epoch for itself::

        progress:
          _target_: callbacks.progress.FitProgress
          label: training

    Args:
        label: what is trained.
        lines: how many lines the fit gets where there is no terminal.
    """

    def __init__(self, label: str = "training", *, lines: int = 30) -> None:
        self.label = label
        self.lines = lines
        self._bar: Progress | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not trainer.is_global_zero or not get_console().is_terminal:
            return
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[metrics]}"),
            transient=True,
        )
        epochs, first = trainer.max_epochs or 0, trainer.current_epoch
        self._bar.add_task(self.label, total=epochs, completed=first, metrics="")
        self._bar.start()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if self._bar is not None:
            done = (batch_idx + 1) / trainer.num_training_batches
            task = self._bar.tasks[0].id
            self._bar.update(task, completed=round(trainer.current_epoch + done, 2))

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        metrics = trainer.callback_metrics
        shown = ", ".join(f"{name} {float(metrics[name]):.4g}" for name in sorted(metrics))
        if self._bar is not None:
            self._bar.update(self._bar.tasks[0].id, metrics=shown)
        elif trainer.is_global_zero:
            self._log(trainer.current_epoch + 1, trainer.max_epochs or 0, shown)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._stop()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _log(self, done: int, epochs: int, shown: str) -> None:
        if self.lines and done % max(1, epochs // self.lines) == 0:
            log.info("%s: epoch %d of %d: %s", self.label, done, epochs, shown)

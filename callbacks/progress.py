"""Show how far a fit has come."""

import logging
from math import ceil, isfinite
from typing import Any

from lightning import Callback, LightningModule, Trainer
from rich import get_console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column

log = logging.getLogger(__name__)


class FitProgress(Callback):
    """A bar on a terminal, gone when the fit is over; elsewhere a line in the log now and then.

    Unlike Lightning's bars it counts all epochs of a fit, and it writes to a log where output goes
    into a file. Metrics are shortened where a terminal is narrow::

        progress:
          _target_: callbacks.FitProgress
          label: training

    Args:
        label: what is trained.
        lines: about how many lines the fit gets where there is no terminal, besides those of the
            first and the last epoch.

    Raises:
        ValueError: if ``lines`` is below 1.
    """

    def __init__(self, label: str = "training", *, lines: int = 30) -> None:
        if lines < 1:
            raise ValueError(f"lines must be at least 1, got {lines}")
        self.label = label
        self.lines = lines
        self._bar: Progress | None = None
        self._epochs: int | None = None
        self._unlogged: str | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._epochs, self._unlogged = _epochs(trainer), None
        if not trainer.is_global_zero or not get_console().is_terminal:
            return
        self._bar = _bar()
        self._bar.add_task(
            self.label, total=self._epochs, completed=trainer.current_epoch, metrics=""
        )
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
        # Without what a LearningRateMonitor adds.
        names = sorted(name for name in metrics if not name.startswith("lr-"))
        shown = ", ".join(f"{name} {float(metrics[name]):.4g}" for name in names)
        if self._bar is not None:
            self._bar.update(self._bar.tasks[0].id, metrics=shown)
        elif trainer.is_global_zero:
            self._log(trainer.current_epoch + 1, shown)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._stop()
        # Early stopping makes any epoch the last one.
        if self._unlogged is not None:
            log.info(self._unlogged)

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _log(self, done: int, shown: str) -> None:
        of = "" if self._epochs is None else f" of {self._epochs}"
        line = f"{self.label}: epoch {done}{of}: {shown}"
        if self._due(done):
            log.info(line)
        self._unlogged = None if self._due(done) else line

    def _due(self, done: int) -> bool:
        if self._epochs is None:
            return done & (done - 1) == 0  # Powers of two: nobody knows how many come.
        return done in (1, self._epochs) or done % ceil(self._epochs / self.lines) == 0


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}", table_column=Column(no_wrap=True)),
        BarColumn(bar_width=20, table_column=Column(no_wrap=True)),
        MofNCompleteColumn(table_column=Column(no_wrap=True)),
        TimeRemainingColumn(table_column=Column(no_wrap=True)),
        # The only column that may shrink.
        TextColumn(
            "{task.fields[metrics]}",
            table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1),
        ),
        expand=True,
        transient=True,
    )


def _epochs(trainer: Trainer) -> int | None:
    """How many epochs the fit has at most; ``None`` if nobody knows."""
    limits = []
    if trainer.max_epochs is not None and trainer.max_epochs >= 0:
        limits.append(trainer.max_epochs)
    batches = trainer.num_training_batches
    if trainer.max_steps >= 0 and isfinite(batches):
        limits.append(ceil(trainer.max_steps / ceil(batches / trainer.accumulate_grad_batches)))
    return min(limits) if limits else None

"""Show how many of many things are done."""

import logging
import time
from types import TracebackType

from rich import get_console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

log = logging.getLogger(__name__)


class CountProgress:
    """A bar on a terminal, gone at the end; elsewhere a line in the log now and then.

    >>> with CountProgress("networks") as progress:
    ...     progress(1, 10)

    Args:
        label: what is counted.
        seconds: between two lines where there is no terminal.
    """

    def __init__(self, label: str, *, seconds: float = 60) -> None:
        self.label = label
        self.seconds = seconds
        self._said = time.monotonic()
        columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Progress(TextColumn("{task.description}"), *columns, transient=True)

    def __enter__(self) -> "CountProgress":
        if get_console().is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def __call__(self, done: int, total: int) -> None:
        """Tell how many are done, of how many."""
        if get_console().is_terminal:
            if not self._bar.tasks:
                self._bar.add_task(self.label, total=total, completed=done)
            self._bar.update(self._bar.tasks[0].id, completed=done)
        elif done == total or time.monotonic() - self._said >= self.seconds:
            self._said = time.monotonic()
            log.info("%s: %d of %d", self.label, done, total)

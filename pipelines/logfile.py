"""Keep everything that a run logs in a file of its folder."""

import logging
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines.lock import HOLDER, LOCK

# By which the clock of a file system may lag behind, in seconds.
CLOCK = 0.05


class LogFile(logging.FileHandler):
    """Appends log records to a file, from when the run has written something else.

    A run that cannot start leaves no file behind, and none of its words in another run's.

    Args:
        file: such as ``train.log`` in a run's folder.
    """

    def __init__(self, file: Path) -> None:
        super().__init__(file, delay=True, encoding="utf-8")
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        self.file = file
        self.began = time.time()
        self._early: list[logging.LogRecord] | None = []

    def emit(self, record: logging.LogRecord) -> None:
        if self._early is None:
            super().emit(record)
        else:
            self._early.append(record)
            if self.has_company():
                self.write_early()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Do without the file where it cannot be written: what else fails names the reason."""

    def write_early(self) -> None:
        """Write what was logged so far, and from now on everything at once."""
        early, self._early = self._early or [], None
        for record in early:
            self.emit(record)

    def add(self, message: str, *, error: BaseException | None = None) -> None:
        """Log to the file alone, with the traceback of an error."""
        trace = (type(error), error, error.__traceback__) if error is not None else None
        level = logging.INFO if error is None else logging.ERROR
        self.handle(logging.LogRecord(__name__, level, "", 0, message, None, trace))  # type: ignore[arg-type]

    def has_company(self) -> bool:
        """Whether anything was written in the folder since this began, the log file aside."""
        since = self.began - CLOCK
        others = (f for f in self.file.parent.rglob("*") if f.name not in (LOCK, HOLDER))
        return any(f != self.file and f.is_file() and f.stat().st_mtime >= since for f in others)


@contextmanager
def logged_to(file: Path) -> Iterator[LogFile]:
    """Append what is logged, and warnings, to a file."""
    handler = LogFile(file)
    root, show = logging.getLogger(), warnings.showwarning

    def show_and_add(
        message: Warning | str, category: type[Warning], *rest: Any, **more: Any
    ) -> None:
        show(message, category, *rest, **more)
        handler.add(f"{category.__name__}: {message}")

    root.addHandler(handler)
    warnings.showwarning = show_and_add
    try:
        yield handler
    finally:
        warnings.showwarning = show
        root.removeHandler(handler)
        handler.close()
        sys.stdout.flush()

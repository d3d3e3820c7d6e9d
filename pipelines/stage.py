"""Do the work of a stage once, and keep its outcome on disk."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines.processes import Processes
from scalegmn.formats import atomic_path

log = logging.getLogger(__name__)


def once(file: Path, work: Callable[[], dict[str, Any]], processes: Processes) -> dict[str, Any]:
    """Read the outcome that an earlier session left in a JSON file, or do the work and leave it.

    Args:
        file: where the outcome is kept; its folder is the stage's own.
        work: gives plain values; is done by all processes, or by none.
        processes: of the run.

    Raises:
        ValueError: if the file is damaged.
    """
    known = processes.broadcast(_read(file) if processes.is_first and file.exists() else None)
    if known is not None:
        return known
    outcome = work()
    if processes.is_first:
        with atomic_path(file) as temporary:
            text = json.dumps(outcome, indent=2, sort_keys=True, allow_nan=False)
            temporary.write_text(text + "\n", encoding="utf-8")
    processes.barrier()
    return outcome


def _read(file: Path) -> dict[str, Any]:
    try:
        outcome = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{file} is damaged ({error}): delete it to repeat its stage") from error
    if not isinstance(outcome, dict):
        raise ValueError(f"{file} is damaged (no JSON object): delete it to repeat its stage")
    return outcome


@contextmanager
def announced(processes: Processes, what: str) -> Iterator[None]:
    """Log what a stage does when it starts, and how long it took."""
    start = time.monotonic()
    if processes.is_first:
        log.info("%s", what)
    yield
    if processes.is_first:
        log.info("%s: done in %s", what.partition(":")[0], duration(time.monotonic() - start))


def duration(seconds: float) -> str:
    """Seconds as people write them, such as ``2 h 05 min``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"

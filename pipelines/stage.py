"""Do the work of a stage once, and keep its outcome on disk."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines.duration import duration
from pipelines.json_files import read_json, write_json
from pipelines.processes import Processes

log = logging.getLogger(__name__)

REMEDY = "delete it to repeat its stage"


def once(file: Path, work: Callable[[], dict[str, Any]], processes: Processes) -> dict[str, Any]:
    """Read the outcome that an earlier session left in a JSON file, or do the work and leave it.

    Args:
        file: where the outcome is kept; its folder is the stage's own.
        work: gives plain values; is done by all processes, or by none.
        processes: of the run.

    Raises:
        ValueError: if the file is damaged.
    """
    known = processes.broadcast(
        read_json(file, remedy=REMEDY) if processes.is_first and file.exists() else None
    )
    if known is not None:
        return known
    outcome = work()
    if processes.is_first:
        write_json(file, outcome)
    processes.barrier()
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

"""Do the work of a stage once, and keep its outcome on disk."""

import logging
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines.duration import duration
from pipelines.json_files import read_json, write_json
from pipelines.processes import Processes
from pipelines.run import Run

log = logging.getLogger(__name__)

REMEDY = "delete it to repeat its stage"


def once(
    run: Run,
    file: Path,
    work: Callable[[], dict[str, Any]],
    *,
    keys: Collection[str] = (),
    leaves: Collection[Path] = (),
) -> dict[str, Any]:
    """Read the outcome that an earlier session left in a JSON file, or do the work and leave it.

    Args:
        run: whose stage it is.
        file: where the outcome is kept; its folder is the stage's own.
        work: gives plain values; is done by all processes, or by none.
        keys: what an outcome has.
        leaves: other files of the stage; without them it is not finished.

    Raises:
        ValueError: if the file is damaged.
    """
    processes = run.processes
    known = processes.broadcast(_known(file, keys, leaves) if processes.is_first else None)
    if known is not None:
        return known
    outcome = work()
    if processes.is_first:
        run.claim()
        write_json(file, outcome)
    processes.barrier()
    return outcome


def _known(file: Path, keys: Collection[str], leaves: Collection[Path]) -> dict[str, Any] | None:
    if not file.exists() or not all(path.exists() for path in leaves):
        return None
    outcome = read_json(file, remedy=REMEDY)
    if missing := sorted(set(keys) - outcome.keys()):
        raise ValueError(f"{file} is damaged: it lacks {missing[0]}; {REMEDY}")
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

"""Lock a path against other processes while it is made."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

log = logging.getLogger(__name__)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one process at a time make ``path``; the others wait, and then see whether it is there.

    The lock is a hidden file beside it, gone afterwards. A process that dies releases it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path.with_name(f".{path.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        log.warning("%s: another process is making it; waiting", path)
        lock.acquire()
    try:
        yield
    finally:
        # While it is held: whoever waits on the old file finds out, and takes a new one.
        Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()

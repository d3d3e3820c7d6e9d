"""Let one process at a time work in a folder."""

import json
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

log = logging.getLogger(__name__)

# Held by the system for a process until that ends, however it ends: no lock is ever stale.
LOCK = ".lock"
# Beside it: who holds it, for those who find it taken.
HOLDER = ".lock.json"


@contextmanager
def locked(folder: str | os.PathLike[str], *, wait: bool = False) -> Iterator[None]:
    """Hold the lock of a folder, which is made if need be.

    Args:
        folder: to work in.
        wait: for whoever holds it, after a line in the log; else that is an error.

    Raises:
        BlockingIOError: if another process holds it and ``wait`` is false, naming that process.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK)
    _acquire(lock, folder, wait)
    try:
        (folder / HOLDER).write_text(json.dumps(_self(), sort_keys=True))
        yield
    finally:
        # In this order: what is removed after the release could be the next holder's.
        with suppress(OSError):
            (folder / HOLDER).unlink(missing_ok=True)
            (folder / LOCK).unlink(missing_ok=True)
        lock.release()


def _acquire(lock: FileLock, folder: Path, wait: bool) -> None:
    try:
        lock.acquire(blocking=False)
    except Timeout:
        if not wait:
            raise BlockingIOError(
                f"{folder} is in use by {_holder(folder)}: wait until that has ended, or give "
                "another folder"
            ) from None
        log.info("waiting for %s, which works in %s", _holder(folder), folder)
        lock.acquire()


def _self() -> dict[str, str | int]:
    since = datetime.now().isoformat(sep=" ", timespec="seconds")
    return {"pid": os.getpid(), "host": socket.gethostname(), "since": since}


def _holder(folder: Path) -> str:
    try:
        known = json.loads((folder / HOLDER).read_text())
        return f"process {known['pid']} on {known['host']} since {known['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"  # That is just taking or releasing it.

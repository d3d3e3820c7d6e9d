"""End processes together with the command that started them."""

import ctypes
import os
import signal
import socket
import sys
import threading
import time

# Set by a command for the processes that it starts: its host and process number.
VARIABLE = "SCALEGMN_PARENT"
# Of Linux's prctl: the signal that a process gets when its parent dies.
SET_PARENT_DEATH_SIGNAL = 1
SECONDS_BETWEEN_LOOKS = 1.0


def own_mark() -> str:
    """The value of :data:`VARIABLE` for children of this process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def has_parent_command() -> bool:
    """Whether a command of this project started this process directly."""
    return _marked() == os.getppid()


def end_with_parent() -> None:
    """Let this process be killed when the command that started it dies, however that happens.

    Nothing is done in processes that no command of this project started, nor in jobs that a
    cluster runs.
    """
    parent = _marked()
    if parent is None or parent == os.getpid() or "SUBMITIT_EXECUTOR" in os.environ:
        return
    if sys.platform == "linux" and os.getppid() == parent:
        ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        if not _is_alive(parent):  # It died before.
            os._exit(1)
    elif sys.platform != "linux":
        threading.Thread(target=_watch, args=(parent,), daemon=True, name="parent-watch").start()


def _marked() -> int | None:
    host, _, pid = os.environ.get(VARIABLE, "").rpartition(":")
    return int(pid) if host == socket.gethostname() else None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(SECONDS_BETWEEN_LOOKS)
    os._exit(1)

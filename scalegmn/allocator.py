"""Keep freed memory in the process."""

import ctypes
import sys

# Of glibc's mallopt.
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3


def keep_freed_memory() -> None:
    """Let the process keep freed memory for the next tensors; on Linux, else nothing.

    glibc gives large pieces back to the system at once, which then clears a page at the first touch
    of each: for the small CNN that is half of the time of a training step.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(TRIM_THRESHOLD, 2**30)
        mallopt(MMAP_THRESHOLD, 2**30)

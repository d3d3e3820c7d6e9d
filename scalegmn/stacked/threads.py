"""Share the networks of a stack among the cores of a CPU."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import torch

# Networks that are evaluated as one: more leave the cache of a core.
TOGETHER = 2


def share(work: Callable[[slice], None], k: int, device: torch.device) -> None:
    """Call a function for all networks, a few at a time, and these at the same time.

    Small layers keep one core busy, not several: each thread has a core and networks of its own.
    How networks are grouped does not depend on the number of cores. Other devices get them all at
    once.

    Args:
        work: of the networks in a slice; threads call it.
        k: number of networks.
        device: where they are.
    """
    if device.type != "cpu":
        work(slice(0, k))
        return
    groups = [slice(i, min(i + TOGETHER, k)) for i in range(0, k, TOGETHER)]
    threads = torch.get_num_threads()
    if threads == 1 or len(groups) == 1:
        for group in groups:
            work(group)
        return
    # What a thread starts with, and what MKL has in all of them.
    torch.set_num_threads(1)
    try:
        list(_pool(threads).map(work, groups))
    finally:
        torch.set_num_threads(threads)


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    # Kept: memory of threads that end goes back, and is slow to get again.
    return ThreadPoolExecutor(threads)

"""Share the networks of a stack among the cores of a CPU."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import groupby

import torch

# Networks that are evaluated as one: more leave the cache of a core.
TOGETHER = 2


def share(work: Callable[[slice], None], sources: Sequence[int], device: torch.device) -> None:
    """Call a function for all networks, a few at a time, and these at the same time.

    Small layers keep one core busy, not several: each thread has a core and networks of its own.
    How networks are grouped does not depend on the number of cores. Other devices get all that have
    one source at once.

    Args:
        work: of the networks in a slice, which have one source; threads call it.
        sources: what each network reads, by number.
        device: where the networks are.
    """
    groups = list(_groups(sources, TOGETHER if device.type == "cpu" else len(sources)))
    if device.type != "cpu":
        for group in groups:
            work(group)
        return
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


def _groups(sources: Sequence[int], most: int) -> Iterator[slice]:
    """Slices of neighbours that have one source."""
    end = 0
    for _, same in groupby(sources):
        start, end = end, end + len(list(same))
        yield from (slice(i, min(i + most, end)) for i in range(start, end, most))


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    # Kept: memory of threads that end goes back, and is slow to get again.
    return ThreadPoolExecutor(threads)

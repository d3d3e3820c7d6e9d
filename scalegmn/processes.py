"""Work through items in parallel, in a process per core."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Generic, TypeVar

import torch
from torch.utils.data import DataLoader, Dataset

Item = TypeVar("Item")
Result = TypeVar("Result")
# Of Linux's prctl: the signal that a process gets when its parent dies.
SET_PARENT_DEATH_SIGNAL = 1


def in_processes(
    work: Callable[[Item], Result], items: Sequence[Item], *, on_cpu: bool, doing: str
) -> Iterator[tuple[Item, Result]]:
    """Results of items, yielded as they finish, not always in order.

    On a CPU there is a process of one thread for each of PyTorch's threads: small networks leave
    most of a second thread idle, and results do not depend on the number of cores. Elsewhere, and
    on systems that do not fork well, one item follows the other.

    Args:
        work: called with each item; what it needs is shared with the processes and not copied.
        items: what to work on.
        on_cpu: whether the work is done on the CPU.
        doing: what a process does, for the message.

    Raises:
        ChildProcessError: if a process was killed.
    """
    try:
        yield from _loader(work, items, on_cpu=on_cpu)
    except RuntimeError as error:
        if "DataLoader worker (pid" not in str(error):
            raise
        raise ChildProcessError(
            f"a process that {doing} was killed, perhaps because memory ran out: repeat the "
            "command to go on, with a smaller num_threads"
        ) from error


def _loader(
    work: Callable[[Item], Result], items: Sequence[Item], *, on_cpu: bool
) -> DataLoader[tuple[Item, Result]]:
    threads = torch.get_num_threads()
    if sys.platform != "linux" or not on_cpu or threads == 1 or not items:
        return DataLoader(_Items(work, items), batch_size=None, collate_fn=_unchanged)
    return DataLoader(
        _Items(work, items),
        batch_size=None,
        collate_fn=_unchanged,
        num_workers=min(threads, len(items)),
        multiprocessing_context="fork",
        worker_init_fn=partial(end_with_parent, os.getpid()),
        prefetch_factor=1,
        in_order=False,
    )


def _unchanged(result: Result) -> Result:
    return result


def end_with_parent(parent: int, worker: int) -> None:
    """Let this process be killed when its parent is; it would work on, or wait for ever."""
    ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:  # it died before
        os._exit(1)


class _Items(Dataset[tuple[Item, Result]], Generic[Item, Result]):
    """An item is worked on when it is asked for."""

    def __init__(self, work: Callable[[Item], Result], items: Sequence[Item]) -> None:
        self.work, self.items = work, items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> tuple[Item, Result]:
        item = self.items[index]
        return item, self.work(item)

"""Train groups of networks in parallel on the cores of a CPU."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import torch
from torch.utils.data import DataLoader, Dataset

from scalegmn.zoo.builders.training import StackedTraining, Trajectories

# Trains some of the networks, given their numbers.
Train = Callable[[StackedTraining, Sequence[int]], Trajectories]
# Of Linux's prctl: the signal that a process gets when its parent dies.
SET_PARENT_DEATH_SIGNAL = 1


def trained_groups(
    train: Train, training: StackedTraining, groups: Sequence[list[int]]
) -> Iterator[tuple[list[int], Trajectories]]:
    """Train groups of networks, yielded as they finish, not always in order.

    On a CPU there is a process of one thread for each of PyTorch's threads: networks so small leave
    most of a second thread idle, and what becomes of them does not depend on the number of cores. A
    GPU, and systems that do not fork well, train one group after the other.

    Args:
        train: called with each group.
        training: how, on the device of its images.
        groups: the numbers of the networks in each.

    Raises:
        ChildProcessError: if a process was killed.
    """
    try:
        yield from _loader(train, training, groups)
    except RuntimeError as error:
        if "DataLoader worker (pid" not in str(error):
            raise
        raise ChildProcessError(
            "a process that trained networks was killed, perhaps because memory ran out: repeat "
            "the command to go on, with a smaller num_threads"
        ) from error


def _loader(train: Train, training: StackedTraining, groups: Sequence[list[int]]) -> DataLoader:
    threads = torch.get_num_threads()
    if sys.platform != "linux" or training.images.train.x.is_cuda or threads == 1 or not groups:
        return DataLoader(_Groups(train, training, groups), batch_size=None)
    # Forked processes share images and the weights of a base zoo; nothing is copied.
    return DataLoader(
        _Groups(train, training, groups),
        batch_size=None,
        num_workers=min(threads, len(groups)),
        multiprocessing_context="fork",
        worker_init_fn=partial(_end_with_parent, os.getpid()),
        prefetch_factor=1,
        in_order=False,
    )


def _end_with_parent(parent: int, worker: int) -> None:
    """It would train on, or wait for ever, when the parent was killed."""
    ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:  # it died before
        os._exit(1)


class _Groups(Dataset[tuple[list[int], Trajectories]]):
    """An item is a group, which is trained when it is asked for."""

    def __init__(
        self, train: Train, training: StackedTraining, groups: Sequence[list[int]]
    ) -> None:
        self.train, self.training, self.groups = train, training, groups

    def __len__(self) -> int:
        return len(self.groups)

    def __getitem__(self, index: int) -> tuple[list[int], Trajectories]:
        numbers = self.groups[index]
        return numbers, self.train(self.training, numbers)

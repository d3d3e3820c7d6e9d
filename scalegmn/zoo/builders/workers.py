"""Train groups of networks in parallel on the cores of a CPU."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from scalegmn.processes import in_processes
from scalegmn.zoo.builders.training import StackedTraining, Trajectories

# Trains some of the networks, given their numbers.
Train = Callable[[StackedTraining, Sequence[int]], Trajectories]


def trained_groups(
    train: Train, training: StackedTraining, groups: Sequence[list[int]]
) -> Iterator[tuple[list[int], Trajectories]]:
    """Train groups of networks, yielded as they finish, not always in order.

    Forked processes share images and the weights of a base zoo; see
    :func:`~scalegmn.processes.in_processes`.

    Args:
        train: called with each group.
        training: how, on the device of its images.
        groups: the numbers of the networks in each.

    Raises:
        ChildProcessError: if a process was killed.
    """
    return in_processes(
        partial(train, training),
        groups,
        on_cpu=not training.images.train.x.is_cuda,
        doing="trained networks",
    )

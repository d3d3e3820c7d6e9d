"""Prepare data once per node, however the processes of a run were started."""

import os

from lightning import LightningDataModule

# Names of a process's index on its node, and of the node's, in Lightning, torchrun, Slurm, MPI.
LOCAL_RANK = ("LOCAL_RANK", "SLURM_LOCALID", "OMPI_COMM_WORLD_LOCAL_RANK")
NODE_RANK = ("GROUP_RANK", "NODE_RANK", "SLURM_NODEID")


def prepare(data: LightningDataModule) -> None:
    """Call ``data.prepare_data()`` in the processes that Lightning would call it in.

    That is the first process of each node, or of the first node only where the data module sets
    ``prepare_data_per_node = False``. No process group is needed: ranks are read from the
    environment, so that data can be looked at before a trainer exists.

    A data module with ``may_prepare_in_parallel = True``, such as
    :class:`~datamodules.cifar10.CIFAR10`, locks what it makes: every process calls it, and those
    that come later wait for the first.
    """
    is_first = _rank(LOCAL_RANK) == 0 and (data.prepare_data_per_node or _rank(NODE_RANK) == 0)
    if is_first or getattr(data, "may_prepare_in_parallel", False):
        data.prepare_data()


def _rank(names: tuple[str, ...]) -> int:
    return next((int(os.environ[name]) for name in names if name in os.environ), 0)

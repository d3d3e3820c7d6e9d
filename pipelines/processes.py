"""The processes of a run, one per device."""

from collections.abc import Sequence
from typing import Any, TypeVar

import torch
from lightning.fabric import Fabric
from lightning.fabric.plugins import ClusterEnvironment
from omegaconf import DictConfig

T = TypeVar("T")


class Processes:
    """Start the other processes of a run, and let all of them agree.

    They are started once, before the first stage, so that every process goes through all stages;
    the trainers of the stages find them running.

    Args:
        trainer: the config of the run's trainers.
        plugins: those of the trainers; a cluster's environment is among them.

    Raises:
        ValueError: if there are no such devices.
    """

    def __init__(self, trainer: DictConfig, plugins: Sequence[object] = ()) -> None:
        environment: list[Any] = [p for p in plugins if isinstance(p, ClusterEnvironment)]
        self._fabric = Fabric(
            accelerator=trainer.accelerator,
            devices=trainer.devices,
            num_nodes=trainer.num_nodes,
            strategy=trainer.strategy,
            plugins=environment,
        )
        self._fabric.launch()

    @property
    def is_first(self) -> bool:
        """Whether this process is the one that writes files."""
        return self._fabric.is_global_zero

    @property
    def device(self) -> str:
        """The type of this process's device, such as ``cuda``."""
        return self._fabric.device.type

    @property
    def root_device(self) -> torch.device:
        """This process's device."""
        return self._fabric.device

    @property
    def number(self) -> int:
        """How many there are."""
        return self._fabric.world_size

    def broadcast(self, value: T) -> T:
        """The first process's value, on every process."""
        return self._fabric.broadcast(value)

    def barrier(self) -> None:
        """Wait for all processes."""
        self._fabric.barrier()

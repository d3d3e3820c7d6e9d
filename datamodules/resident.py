"""Data that lives on the device, whole, and becomes batches there."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import torch
from lightning import LightningDataModule
from torch.utils.data import Dataset

from datamodules.batches import BatchLoader, EpochBatches


@runtime_checkable
class Movable(Protocol):
    """Everything in a split."""

    def __len__(self) -> int: ...

    def to(self, device: torch.device) -> Any: ...


Content = TypeVar("Content", bound=Movable)


class ResidentDataModule(LightningDataModule, ABC, Generic[Content]):
    """Three splits on the trainer's device: no worker processes, nothing done item by item.

    A subclass says what the splits are, and how rows of one become a batch.

    Args:
        batch_size: items per batch, over all processes.
        seed: of the order of training items.

    Raises:
        ValueError: if the batch size is not positive.
    """

    def __init__(self, *, batch_size: int, seed: int) -> None:
        super().__init__()
        if batch_size < 1:
            raise ValueError(f"data.batch_size must be at least 1, got {batch_size}")
        self.batch_size = batch_size
        self.seed = seed
        self._splits: Mapping[str, Content] = {}

    @abstractmethod
    def splits(self) -> Mapping[str, Content]:
        """Train, val and test, read on the CPU."""

    @abstractmethod
    def batches(self, content: Content, *, training: bool) -> Dataset:
        """What makes a batch of the rows that it is indexed with."""

    def setup(self, stage: str | None = None) -> None:
        splits = self._splits or self.splits()
        self._splits = {name: content.to(self._device) for name, content in splits.items()}

    def train_dataloader(self) -> BatchLoader:
        return self._loader("train", training=True)

    def val_dataloader(self) -> BatchLoader:
        return self._loader("val")

    def test_dataloader(self) -> BatchLoader:
        return self._loader("test")

    @property
    def _device(self) -> torch.device:
        return torch.device("cpu") if self.trainer is None else self.trainer.strategy.root_device

    def _loader(self, split: str, *, training: bool = False) -> BatchLoader:
        content = self._splits[split]
        return BatchLoader(
            self.batches(content, training=training),
            sampler=EpochBatches(
                len(content),
                self.batch_size,
                seed=self.seed if training else None,
                rank=self.trainer.global_rank if self.trainer else 0,
                world_size=self.trainer.world_size if self.trainer else 1,
                device=self._device,
            ),
            batch_size=None,
            collate_fn=_as_it_is,
            # Its own generator: a loader otherwise draws from the global one at every pass.
            generator=torch.Generator(),
        )


def _as_it_is(batch: Any) -> Any:
    return batch

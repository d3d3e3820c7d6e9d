"""Data kept on the device as one object per split, batched there."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import torch
from lightning import LightningDataModule
from torch.utils.data import Dataset

from datamodules.batches import BatchLoader, EpochBatches
from scalegmn.arguments import check_whole


@runtime_checkable
class Movable(Protocol):
    """Everything in a split."""

    def __len__(self) -> int: ...

    def to(self, device: torch.device) -> Any: ...


Content = TypeVar("Content", bound=Movable)


class ResidentDataModule(LightningDataModule, ABC, Generic[Content]):
    """Three splits on the trainer's device: no worker processes, nothing done item by item.

    A subclass defines the splits, and how rows of one become a batch. Loaders share each batch
    among the processes themselves, with any ``trainer.use_distributed_sampler``.

    Args:
        name: of the data set, for results and files.
        batch_size: items per batch, over all processes.
        seed: of the order of training items.

    Raises:
        ValueError: if the batch size is not above 0, or the seed is negative.
    """

    name: str

    def __init__(self, *, name: str, batch_size: int, seed: int) -> None:
        super().__init__()
        check_whole("data.batch_size", batch_size)
        check_whole("data.seed", seed, least=0)
        self.name = name
        self.batch_size = batch_size
        self.seed = seed
        self._splits: Mapping[str, Content] = {}

    @abstractmethod
    def splits(self) -> Mapping[str, Content]:
        """Train, val and test, read on the CPU."""

    @abstractmethod
    def batches(self, content: Content, *, training: bool) -> Dataset:
        """A data set that maps :class:`~datamodules.batches.BatchIndices` to batches."""

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

    def unshared_loader(self, split: str) -> BatchLoader:
        """The batches of a fit on one process, whole on each of several.

        Args:
            split: ``train``, ``val`` or ``test``.
        """
        return self._loader(split, training=split == "train", shared=False)

    def _loader(self, split: str, *, training: bool = False, shared: bool = True) -> BatchLoader:
        content = self._splits[split]
        trainer = self.trainer if shared else None
        return BatchLoader(
            self.batches(content, training=training),
            sampler=EpochBatches(
                len(content),
                self.batch_size,
                seed=self.seed if training else None,
                rank=trainer.global_rank if trainer else 0,
                world_size=trainer.world_size if trainer else 1,
                device=self._device,
            ),
            batch_size=None,
            collate_fn=_unchanged,
            # Its own generator: a loader otherwise draws from the global one at every pass.
            generator=torch.Generator(),
        )


def _unchanged(batch: Any) -> Any:
    return batch

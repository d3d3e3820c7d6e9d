"""Image data that lives on the device as one tensor per split."""

from abc import ABC, abstractmethod
from typing import Any, Literal

import torch
from lightning import LightningDataModule

from datamodules.batches import BatchLoader, EpochBatches
from datamodules.normalized import Augmentation, NormalizedBatches
from datamodules.splits import Images, hold_out

Split = Literal["train", "val", "test"]


class ImageDataModule(LightningDataModule, ABC):
    """Images with labels, split into train, val and test.

    A subclass says where the images come from. They are kept as bytes on the trainer's device and
    become batches there: no worker processes, nothing done image by image. Loaders yield ``x``
    float32 ``[n, c, h, w]``, normalised, and ``y`` int64 ``[n]``.

    Val is a tenth of the training images, chosen by ``split_seed`` and never by the run's seed, so
    that everything that is compared has trained on the same images.

    Args:
        batch_size: images per batch, over all processes.
        augmentation: changes a batch of training images; ``None`` for none.
        seed: of the order and the augmentation of training images.
        split_seed: of the choice of validation images.
        data_note: what a reader of the results should know about these images.
    """

    name: str
    num_classes: int
    image_size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __init__(
        self,
        *,
        batch_size: int,
        augmentation: Augmentation | None,
        seed: int,
        split_seed: int,
        data_note: str | None,
    ) -> None:
        super().__init__()
        if batch_size < 1:
            raise ValueError(f"data.batch_size must be at least 1, got {batch_size}")
        self.batch_size = batch_size
        self.augmentation = augmentation
        self.seed = seed
        self.split_seed = split_seed
        self.data_note = data_note
        self._splits: dict[str, Images] = {}

    @abstractmethod
    def read(self) -> tuple[Images, Images]:
        """All images for training and validation, and the test images."""

    @property
    def in_channels(self) -> int:
        return len(self.mean)

    def setup(self, stage: str | None = None) -> None:
        if not self._splits:
            pool, test = self.read()
            train, val = hold_out(pool, 0.1, seed=self.split_seed)
            self._splits = {"train": train, "val": val, "test": test}
        self._splits = {name: split.to(self._device) for name, split in self._splits.items()}

    def train_dataloader(self) -> BatchLoader:
        return self._loader("train", seed=self.seed, augmentation=self.augmentation)

    def val_dataloader(self) -> BatchLoader:
        return self._loader("val")

    def test_dataloader(self) -> BatchLoader:
        return self._loader("test")

    @property
    def _device(self) -> torch.device:
        return torch.device("cpu") if self.trainer is None else self.trainer.strategy.root_device

    def _loader(
        self, split: Split, *, seed: int | None = None, augmentation: Augmentation | None = None
    ) -> BatchLoader:
        images = self._splits[split]
        batches = EpochBatches(
            len(images),
            self.batch_size,
            seed=seed,
            rank=self.trainer.global_rank if self.trainer else 0,
            world_size=self.trainer.world_size if self.trainer else 1,
            device=images.pixels.device,
        )
        return BatchLoader(
            NormalizedBatches(images, mean=self.mean, std=self.std, augmentation=augmentation),
            sampler=batches,
            batch_size=None,
            collate_fn=_as_it_is,
            # Its own generator: a loader otherwise draws from the global one at every pass.
            generator=torch.Generator(),
        )


def _as_it_is(batch: Any) -> Any:
    return batch

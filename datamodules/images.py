"""Image data that lives on the device as one tensor per split."""

from abc import abstractmethod
from typing import Literal

import torch
from jaxtyping import Float32, Int64
from torch import Tensor

from datamodules.batches import Picked
from datamodules.normalized import Augmentation, NormalizedBatches
from datamodules.resident import ResidentDataModule
from datamodules.splits import Images, hold_out

Split = Literal["train", "val", "test"]


class ImageDataModule(ResidentDataModule[Images]):
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
        super().__init__(batch_size=batch_size, seed=seed)
        self.augmentation = augmentation
        self.split_seed = split_seed
        self.data_note = data_note

    @abstractmethod
    def read(self) -> tuple[Images, Images]:
        """All images for training and validation, and the test images."""

    @property
    def in_channels(self) -> int:
        return len(self.mean)

    def splits(self) -> dict[str, Images]:
        pool, test = self.read()
        train, val = hold_out(pool, 0.1, seed=self.split_seed)
        return {"train": train, "val": val, "test": test}

    def batches(self, content: Images, *, training: bool) -> NormalizedBatches:
        augmentation = self.augmentation if training else None
        return NormalizedBatches(content, mean=self.mean, std=self.std, augmentation=augmentation)

    def whole(self, split: Split) -> tuple[Float32[Tensor, "n c h w"], Int64[Tensor, " n"]]:
        """All images of a split as one batch: normalised, in order, not augmented."""
        content = self._splits[split]
        everything = Picked(
            torch.arange(len(content)), torch.zeros(len(content), dtype=torch.int64)
        )
        return self.batches(content, training=False)[everything]

"""Labelled images kept on the device, one tensor per split."""

from abc import abstractmethod
from typing import Literal

import torch
from jaxtyping import Float32, Int64
from torch import Tensor

from datamodules.batches import BatchIndices
from datamodules.declared import check_counts, check_declared
from datamodules.normalized import Augmentation, NormalizedBatches
from datamodules.resident import ResidentDataModule
from datamodules.splits import Images, check_tensors, hold_out_rows

Split = Literal["train", "val", "test"]
VAL_FRACTION = 0.1


class ImageDataModule(ResidentDataModule[Images]):
    """Images with labels, split into train, val and test.

    A subclass reads the images in :meth:`read` and sets ``mean`` and ``std``. They are kept as
    bytes on the trainer's device and become batches there: no worker processes, nothing done image
    by image. Loaders yield ``x`` float32 ``[n, c, h, w]``, normalised, and ``y`` int64 ``[n]``.

    Val is a tenth of the training images, chosen by ``split_seed`` and never by the run's seed, so
    that everything that is compared has trained on the same images.

    Args:
        name: of the data set, for results and files.
        in_channels: channels of the images; checked against the images, like the next two.
        num_classes: labels are below it.
        image_size: height and width of the images.
        batch_size: images per batch, over all processes.
        augmentation: changes a batch of training images; ``None`` for none.
        seed: of the order and the augmentation of training images.
        split_seed: of the choice of validation images.
        data_note: what a reader of the results should know about these images.

    Attributes:
        mean: of each channel, for pixels in [0, 1].
        std: standard deviation of each channel, for pixels in [0, 1].
        channels_last: lay out batches in memory as ``[n, h, w, c]``; their shape stays.

    Raises:
        ValueError: if a number is not above 0; from ``setup``, if the images are not as declared.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __init__(
        self,
        *,
        name: str,
        in_channels: int,
        num_classes: int,
        image_size: int,
        batch_size: int = 256,
        augmentation: Augmentation | None = None,
        seed: int = 42,
        split_seed: int = 42,
        data_note: str | None = None,
    ) -> None:
        super().__init__(name=name, batch_size=batch_size, seed=seed)
        check_counts(in_channels=in_channels, num_classes=num_classes, image_size=image_size)
        self.in_channels = in_channels
        self.num_classes = num_classes
        self.image_size = image_size
        self.augmentation = augmentation
        self.channels_last = False
        self.split_seed = split_seed
        self.data_note = data_note

    @abstractmethod
    def read(self) -> tuple[Images, Images]:
        """All images for training and validation, and the test images."""

    def held_out(self, count: int) -> tuple[Int64[Tensor, " _train"], Int64[Tensor, " _val"]]:
        """The rows of ``count`` images that are for training, and those for validation."""
        return hold_out_rows(count, VAL_FRACTION, seed=self.split_seed)

    def splits(self) -> dict[str, Images]:
        pool, test = self.read()
        for images in (pool, test):
            self._check(images)
        train, val = (pool[rows] for rows in self.held_out(len(pool)))
        if not len(val):
            raise ValueError(f"{self.name}: {len(pool)} training images leave none for validation")
        return {"train": train, "val": val, "test": test}

    def batches(self, content: Images, *, training: bool) -> NormalizedBatches:
        augmentation = self.augmentation if training else None
        return NormalizedBatches(
            content,
            mean=self.mean,
            std=self.std,
            augmentation=augmentation,
            channels_last=self.channels_last,
        )

    def full_batch(self, split: Split) -> tuple[Float32[Tensor, "n c h w"], Int64[Tensor, " n"]]:
        """All images of a split as one batch: normalised, in order, not augmented."""
        content = self._splits[split]
        everything = BatchIndices(
            torch.arange(len(content)), torch.zeros(len(content), dtype=torch.int64)
        )
        return self.batches(content, training=False)[everything]

    def pixels(self, split: Split) -> Images:
        """All images of a split as they were read: bytes, in order."""
        return self._splits[split]

    def numbers(self, split: Split) -> Int64[Tensor, " n"]:
        """The number of each image of a split among those that :meth:`read` gives.

        Training and validation images share one numbering, test images have another.
        """
        if split == "test":
            return torch.arange(len(self._splits[split]))
        count = len(self._splits["train"]) + len(self._splits["val"])
        train, val = self.held_out(count)
        return train if split == "train" else val

    def _check(self, images: Images) -> None:
        check_tensors(images, self.name)
        channels, height, width = images.pixels.shape[1:]
        check_declared("in_channels", self.in_channels, channels, self.name)
        for size in (height, width):
            check_declared("image_size", self.image_size, size, self.name)
        if (last := int(images.labels.max())) >= self.num_classes:
            raise ValueError(
                f"data.num_classes={self.num_classes}, but {self.name} has labels up to {last}: "
                f"set data.num_classes to {last + 1} or more"
            )

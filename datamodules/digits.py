"""Handwritten digits that come with scikit-learn."""

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import Tensor

from datamodules.augmentation import crop
from datamodules.declared import check_declared
from datamodules.images import ImageDataModule
from datamodules.splits import Images, hold_out

CLASSES = 10
SIZE = 32


class Digits(ImageDataModule):
    """1,797 gray digits of 8x8 pixels, enlarged to 32x32: for trying things out without a download.

    Split 1,295/143/359, by ``split_seed`` like everything else. Pixels are in [-1, 1]. Digits are
    not flip-invariant, so ``augment`` only crops.

    Reference: E. Alpaydin and C. Kaynak, *Optical Recognition of Handwritten Digits*, UCI, 1998.

    Args:
        name: see :class:`~datamodules.images.ImageDataModule`.
        in_channels: 1.
        num_classes: 10.
        image_size: 32.
        batch_size: see :class:`~datamodules.images.ImageDataModule`.
        augment: crop the training images at random.
        seed: see :class:`~datamodules.images.ImageDataModule`.
        split_seed: see :class:`~datamodules.images.ImageDataModule`.
        data_note: see :class:`~datamodules.images.ImageDataModule`.

    Raises:
        ValueError: if a number is not above 0, or not as the digits have it.
    """

    mean = (0.5,)
    std = (0.5,)

    def __init__(
        self,
        *,
        name: str = "digits",
        in_channels: int = 1,
        num_classes: int = CLASSES,
        image_size: int = SIZE,
        batch_size: int = 256,
        augment: bool = False,
        seed: int = 42,
        split_seed: int = 42,
        data_note: str | None = None,
    ) -> None:
        super().__init__(
            name=name,
            in_channels=in_channels,
            num_classes=num_classes,
            image_size=image_size,
            batch_size=batch_size,
            augmentation=crop if augment else None,
            seed=seed,
            split_seed=split_seed,
            data_note=data_note,
        )
        check_declared("in_channels", in_channels, len(self.mean), name)
        check_declared("num_classes", num_classes, CLASSES, name)
        check_declared("image_size", image_size, SIZE, name)

    def read(self) -> tuple[Images, Images]:
        digits = load_digits()
        images = Images(_enlarge(torch.from_numpy(digits.images)), torch.from_numpy(digits.target))
        return hold_out(images, 0.2, seed=self.split_seed)


def _enlarge(images: Tensor) -> Tensor:
    """Digits ``[n, 8, 8]`` with values 0 to 16, as bytes ``[n, 1, 32, 32]``."""
    large = F.interpolate(images[:, None] * (255 / 16), size=SIZE, mode="bilinear")
    return large.round().to(torch.uint8)

"""Handwritten digits that come with scikit-learn."""

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import Tensor

from datamodules.augmentation import crop
from datamodules.images import ImageDataModule
from datamodules.splits import Images, hold_out


class Digits(ImageDataModule):
    """1,797 gray digits of 8x8 pixels, shown at 32x32: for trying things out without a download.

    Split 1,295/143/359, by ``split_seed`` like everything else. Pixels are in [-1, 1]. A mirrored
    digit is no digit, so ``augment`` only crops.

    Reference: E. Alpaydin and C. Kaynak, *Optical Recognition of Handwritten Digits*, UCI, 1998.

    Args:
        batch_size: see :class:`~datamodules.images.ImageDataModule`.
        augment: crop the training images at random.
        seed: likewise.
        split_seed: likewise.
        data_note: likewise.
    """

    name = "digits"
    num_classes = 10
    image_size = 32
    mean = (0.5,)
    std = (0.5,)

    def __init__(
        self,
        *,
        batch_size: int = 256,
        augment: bool = False,
        seed: int = 42,
        split_seed: int = 42,
        data_note: str | None = None,
    ) -> None:
        super().__init__(
            batch_size=batch_size,
            augmentation=crop if augment else None,
            seed=seed,
            split_seed=split_seed,
            data_note=data_note,
        )

    def read(self) -> tuple[Images, Images]:
        digits = load_digits()
        images = Images(_enlarge(torch.from_numpy(digits.images)), torch.from_numpy(digits.target))
        return hold_out(images, 0.2, seed=self.split_seed)


def _enlarge(images: Tensor) -> Tensor:
    """Digits ``[n, 8, 8]`` with values 0 to 16, as bytes ``[n, 1, 32, 32]``."""
    large = F.interpolate(images[:, None] * (255 / 16), size=32, mode="bilinear")
    return large.round().to(torch.uint8)

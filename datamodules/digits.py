"""Handwritten digits that come with scikit-learn."""

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import Tensor

from datamodules.augmentation import crop
from datamodules.known_images import KnownImages
from datamodules.splits import Images, hold_out

SIZE = 32


class Digits(KnownImages):
    """1,797 gray digits of 8x8 pixels, enlarged to 32x32: for trying things out without a download.

    Split 1,295/143/359, by ``split_seed`` like everything else. Pixels are in [-1, 1]. Digits are
    not flip-invariant, so ``augment`` only crops.

    Reference: E. Alpaydin and C. Kaynak, *Optical Recognition of Handwritten Digits*, UCI, 1998.
    """

    mean = (0.5,)
    std = (0.5,)
    known_name = "digits"
    channels = 1
    size = SIZE
    augmented = crop

    def read(self) -> tuple[Images, Images]:
        digits = load_digits()
        images = Images(_enlarge(torch.from_numpy(digits.images)), torch.from_numpy(digits.target))
        return hold_out(images, 0.2, seed=self.split_seed)


def _enlarge(images: Tensor) -> Tensor:
    """Digits ``[n, 8, 8]`` with values 0 to 16, as bytes ``[n, 1, 32, 32]``."""
    large = F.interpolate(images[:, None] * (255 / 16), size=SIZE, mode="bilinear")
    return large.round().to(torch.uint8)

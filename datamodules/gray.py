"""Convert colour images to gray, in bytes."""

from collections.abc import Callable

import torch
from jaxtyping import UInt8
from torch import Tensor

ToGray = Callable[[Tensor], Tensor]


def luma(x: UInt8[Tensor, "n 3 h w"]) -> UInt8[Tensor, "n 1 h w"]:
    """0.299 R + 0.587 G + 0.114 B in PIL's fixed-point arithmetic, as torchvision's Grayscale."""
    red, green, blue = x.int().split(1, dim=1)
    return ((19595 * red + 38470 * green + 7471 * blue + 32768) >> 16).to(torch.uint8)


def mean(x: UInt8[Tensor, "n 3 h w"]) -> UInt8[Tensor, "n 1 h w"]:
    """The mean of the channels, rounded: what the networks of the Small CNN Zoo were trained on."""
    return ((x.int().sum(1, keepdim=True) + 1) // 3).to(torch.uint8)


GRAY: dict[str, ToGray] = {"luma": luma, "mean": mean}

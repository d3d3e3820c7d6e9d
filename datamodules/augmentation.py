"""Random changes of a whole batch of images at once, from given random numbers."""

import torch
import torch.nn.functional as F
from jaxtyping import Int64, UInt8
from torch import Tensor

PADDING = 4
OFFSETS = 2 * PADDING + 1


def crop(x: UInt8[Tensor, "n c h w"], noise: Int64[Tensor, " n"]) -> UInt8[Tensor, "n c h w"]:
    """Pad each image with 4 black pixels and cut it out again somewhere."""
    height, width = x.shape[-2:]
    windows = F.pad(x, (PADDING,) * 4).unfold(2, height, 1).unfold(3, width, 1)
    image = torch.arange(len(x), device=x.device)
    return windows[image, :, noise % OFFSETS, noise // OFFSETS % OFFSETS]


def crop_and_flip(
    x: UInt8[Tensor, "n c h w"], noise: Int64[Tensor, " n"]
) -> UInt8[Tensor, "n c h w"]:
    """:func:`crop`, then mirror half of the images left to right."""
    mirrored = (noise // OFFSETS**2 % 2).bool()
    cropped = crop(x, noise)
    return torch.where(mirrored[:, None, None, None], cropped.flip(-1), cropped)

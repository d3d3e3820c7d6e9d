"""Augment a whole batch of images at once, from given random numbers."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Int64, UInt8
from torch import Tensor

PADDING = 4
OFFSETS = 2 * PADDING + 1


def crop(x: UInt8[Tensor, "n c h w"], noise: Int64[Tensor, " n"]) -> UInt8[Tensor, "n c h w"]:
    """Pad each image with 4 black pixels and cut it out again somewhere.

    Args:
        x: a batch of images.
        noise: a random number per image, which determines the position.
    """
    return _view(x, noise, torch.zeros_like(noise, dtype=torch.bool))


def crop_and_flip(
    x: UInt8[Tensor, "n c h w"], noise: Int64[Tensor, " n"]
) -> UInt8[Tensor, "n c h w"]:
    """:func:`crop`, and mirror half of the images left to right."""
    return _view(x, noise, (noise // OFFSETS**2 % 2).bool())


def _view(
    x: UInt8[Tensor, "n c h w"], noise: Int64[Tensor, " n"], mirrored: Bool[Tensor, " n"]
) -> UInt8[Tensor, "n c h w"]:
    n, channels, height, width = x.shape
    padded = F.pad(x, (PADDING,) * 4)
    column = torch.arange(width, device=x.device)
    columns = torch.where(mirrored[:, None], column.flip(0), column)
    columns = columns + (noise % OFFSETS)[:, None]
    rows = torch.arange(height, device=x.device) + (noise // OFFSETS % OFFSETS)[:, None]
    # One gather over flat pixels: several times faster than indexing windows image by image.
    pixels = rows[:, :, None] * padded.shape[-1] + columns[:, None, :]
    pixels = pixels.view(n, 1, -1).expand(-1, channels, -1)
    return padded.flatten(2).gather(2, pixels).view_as(x)

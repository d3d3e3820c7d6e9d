"""Normalised float batches from byte images."""

from collections.abc import Callable

import torch
from jaxtyping import Float32, Int64
from torch import Tensor
from torch.utils.data import Dataset

from datamodules.batches import BatchIndices
from datamodules.splits import Images

Augmentation = Callable[[Tensor, Tensor], Tensor]
Batch = tuple[Float32[Tensor, "n c h w"], Int64[Tensor, " n"]]


class NormalizedBatches(Dataset):
    """Batches gathered, augmented and normalised where the images are.

    Args:
        images: all images of a split.
        mean: of each channel, for pixels in [0, 1].
        std: standard deviation of each channel, for pixels in [0, 1].
        augmentation: changes a batch, given a random number per image; ``None`` for none.
        channels_last: lay out batches in memory as ``[n, h, w, c]``; convolutions follow.
    """

    def __init__(
        self,
        images: Images,
        *,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        augmentation: Augmentation | None,
        channels_last: bool = False,
    ) -> None:
        self.images = images
        self.layout = torch.channels_last if channels_last else torch.contiguous_format
        self.augmentation = augmentation
        device = images.pixels.device
        deviation = torch.tensor(std, device=device)[:, None, None]
        self.factor = 1 / (255 * deviation)
        self.shift = -torch.tensor(mean, device=device)[:, None, None] / deviation

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, indices: BatchIndices) -> Batch:
        batch = self.images[indices.rows]
        x = batch.pixels
        if self.augmentation is not None:
            x = self.augmentation(x, indices.noise)
        x = x.to(torch.float32, memory_format=self.layout)
        return x.mul_(self.factor).add_(self.shift), batch.labels

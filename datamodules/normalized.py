"""Batches of numbers from images of bytes."""

from collections.abc import Callable

import torch
from jaxtyping import Float32, Int64
from torch import Tensor
from torch.utils.data import Dataset

from datamodules.batches import Picked
from datamodules.splits import Images

Augmentation = Callable[[Tensor, Tensor], Tensor]


class NormalizedBatches(Dataset):
    """Batches gathered, augmented and normalised where the images are.

    Args:
        images: all images of a split.
        mean: of each channel, for pixels in [0, 1].
        std: likewise.
        augmentation: changes a batch, given a random number per image; ``None`` for none.
    """

    def __init__(
        self,
        images: Images,
        *,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        augmentation: Augmentation | None,
    ) -> None:
        self.images = images
        self.augmentation = augmentation
        device = images.pixels.device
        spread = torch.tensor(std, device=device)[:, None, None]
        self.factor = 1 / (255 * spread)
        self.shift = -torch.tensor(mean, device=device)[:, None, None] / spread

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, picked: Picked) -> tuple[Float32[Tensor, "n c h w"], Int64[Tensor, " n"]]:
        batch = self.images[picked.rows]
        x = batch.pixels
        if self.augmentation is not None:
            x = self.augmentation(x, picked.noise)
        return x.float().mul_(self.factor).add_(self.shift), batch.labels

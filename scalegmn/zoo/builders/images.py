"""Images that networks are trained and evaluated on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float32, Int64
from torch import Tensor


@dataclass(frozen=True)
class LabelledImages:
    """Normalised images and their labels.

    Args:
        x: the images.
        y: class of each.
    """

    x: Float32[Tensor, "n c h w"]
    y: Int64[Tensor, " n"]

    def __len__(self) -> int:
        return len(self.y)

    def batch(
        self, index: Int64[Tensor, "k b"]
    ) -> tuple[Float32[Tensor, "k b c h w"], Int64[Tensor, "k b"]]:
        """A batch for each of k networks."""
        flat = index.flatten()
        x, y = self.x.index_select(0, flat), self.y.index_select(0, flat)
        return x.unflatten(0, index.shape), y.unflatten(0, index.shape)

    def in_batches(self, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """All images in order, with an axis of 1 for the networks that see them."""
        for x, y in zip(self.x.split(size), self.y.split(size), strict=True):
            yield x[None], y[None]

    def to(self, device: torch.device | str) -> "LabelledImages":
        return LabelledImages(self.x.to(device), self.y.to(device))


@dataclass(frozen=True)
class ImageSplits:
    """The images of a data set.

    Args:
        train: seen in training.
        val: for choices.
        test: for reports.
    """

    train: LabelledImages
    val: LabelledImages
    test: LabelledImages

    def to(self, device: torch.device | str) -> "ImageSplits":
        return ImageSplits(self.train.to(device), self.val.to(device), self.test.to(device))


@dataclass(frozen=True)
class Dataset:
    """Name and settings of a data set of images.

    Args:
        name: of the data set.
        classes: number of classes.
        settings: everything else that determines the images, as JSON has it.
    """

    name: str
    classes: int
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def facts(self) -> dict[str, Any]:
        """Name, classes and settings in one mapping."""
        return {"name": self.name, "classes": self.classes, **self.settings}

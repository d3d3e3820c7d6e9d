"""Images that INRs are fitted to."""

from dataclasses import dataclass

from jaxtyping import Int64, UInt8
from torch import Tensor

from scalegmn.inr.checkpoints import Part
from scalegmn.inr.packed import Split


@dataclass(frozen=True)
class NumberedImages:
    """Labelled images of one split.

    Attributes:
        pixels: 0 to 255.
        labels: class of each image.
        numbers: of each image in its data set, training and test images apart.
    """

    pixels: UInt8[Tensor, "n c h w"]
    labels: Int64[Tensor, " n"]
    numbers: Int64[Tensor, " n"]

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, count: int | None) -> "NumberedImages":
        """The first images at most; ``None`` for all."""
        return NumberedImages(self.pixels[:count], self.labels[:count], self.numbers[:count])


def part_of(split: Split) -> Part:
    """The part of a data set from which a split's images are."""
    return "test" if split == "test" else "train"

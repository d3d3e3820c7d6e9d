"""Sets and batches of INRs of one architecture."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor


class INRBatch(NamedTuple):
    """A batch of INRs.

    Attributes:
        parameters: by the names of :class:`~scalegmn.targets.Siren`, each with a leading axis.
        label: class of each image.
        images: pixels in [0, 1]; ``None`` where only the INRs are known.
    """

    parameters: dict[str, Tensor]
    label: Int64[Tensor, " inr"]
    images: Float[Tensor, "inr c h w"] | None


@dataclass(frozen=True)
class INRSet:
    """INRs of labelled images; one image may have several.

    Attributes:
        parameters: by the names of :class:`~scalegmn.targets.Siren`, each with a leading axis.
        label: class of each image.
        image: number of each image in its data set, training and test images apart.
        copy: number of the fit among those of the same image.
        pixels: the images, 0 to 255; ``None`` where only the INRs are known.
    """

    parameters: dict[str, Tensor]
    label: Int64[Tensor, " inr"]
    image: Int64[Tensor, " inr"]
    copy: Int64[Tensor, " inr"]
    pixels: UInt8[Tensor, "inr c h w"] | None = None

    def __len__(self) -> int:
        return len(self.label)

    def __getitem__(self, rows: Int64[Tensor, " rows"]) -> "INRSet":
        return INRSet(
            {name: p.index_select(0, rows) for name, p in self.parameters.items()},
            self.label.index_select(0, rows),
            self.image.index_select(0, rows),
            self.copy.index_select(0, rows),
            None if self.pixels is None else self.pixels.index_select(0, rows),
        )

    def to(self, device: torch.device | str) -> "INRSet":
        return INRSet(
            {name: p.to(device) for name, p in self.parameters.items()},
            self.label.to(device),
            self.image.to(device),
            self.copy.to(device),
            None if self.pixels is None else self.pixels.to(device),
        )

    def batch(self) -> INRBatch:
        """All of them as a batch."""
        images = None if self.pixels is None else self.pixels.float() / 255
        return INRBatch(self.parameters, self.label, images)


def concatenate(parts: Sequence[INRSet]) -> INRSet:
    """One set of several with the same architecture; with pixels if all have them."""
    pixels = [part.pixels for part in parts if part.pixels is not None]
    return INRSet(
        {
            name: torch.cat([part.parameters[name] for part in parts])
            for name in parts[0].parameters
        },
        torch.cat([part.label for part in parts]),
        torch.cat([part.image for part in parts]),
        torch.cat([part.copy for part in parts]),
        torch.cat(pixels) if len(pixels) == len(parts) else None,
    )

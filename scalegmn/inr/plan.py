"""Plan which INRs are fitted together, and by which of several jobs."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scalegmn.inr.images import NumberedImages, part_of
from scalegmn.inr.packed import SPLITS, Split


@dataclass(frozen=True)
class Group:
    """INRs that are fitted together.

    Attributes:
        split: of their images.
        first: number of the first fit among those of the split.
        fits: row of the image in its split, and number of the fit among those of the image.
    """

    split: Split
    first: int
    fits: tuple[tuple[int, int], ...]

    @property
    def name(self) -> str:
        """Of its file, unique among groups."""
        return f"{self.split}_{self.first:07d}.safetensors"


def groups_of(
    images: Mapping[Split, NumberedImages],
    *,
    fits_per_image: int,
    at_once: int,
    shard: int,
    shards: int,
) -> list[Group]:
    """The groups of one of several shards, which share all fits evenly.

    Which fits form a group depends on ``at_once`` alone, so that results do not depend on the
    number of shards, on processes, or on where a job was stopped.

    Raises:
        ValueError: if a shard would have no group of some split.
    """
    own = []
    for split in SPLITS:
        fits = [(row, copy) for row in range(len(images[split])) for copy in range(fits_per_image)]
        groups = [
            Group(split, first, tuple(fits[first : first + at_once]))
            for first in range(0, len(fits), at_once)
        ]
        if len(groups) < shards:
            raise ValueError(
                f"shards={shards}: the {split} split has {len(groups)} groups of inrs.at_once="
                f"{at_once} fits: choose fewer shards"
            )
        own += groups[shard::shards]
    return own


def seed_of(seed: int, split: Split, number: int, copy: int) -> int:
    """The seed of one fit: a function of the image and the fit, not of the split."""
    part = ("train", "test").index(part_of(split))
    return int(np.random.SeedSequence([seed, part, number, copy]).generate_state(1)[0])

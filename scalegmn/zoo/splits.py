"""Train/val/test splits of a zoo."""

import random
from collections.abc import Sequence
from typing import Literal, TypeVar

import torch

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")

T = TypeVar("T")


def published_split(order: Sequence[T]) -> dict[Split, list[T]]:
    """40/10/50, as in every published result on the Small CNN Zoo.

    The second half is for testing; the first is shuffled by ``random.Random(0)`` and cut 80/20.
    """
    half = int(0.5 * len(order))
    first = list(order[:half])
    random.Random(0).shuffle(first)
    cut = int(0.8 * len(first))
    return {"train": first[:cut], "val": first[cut:], "test": list(order[half:])}


def seeded_split(kinds: Sequence[Sequence[T]], seed: int) -> dict[Split, list[T]]:
    """80/10/10 of each kind, in an order drawn by a seed.

    Each kind is in every split: of a kind with fewer than 30, validation and test have three each,
    or a fifth of it where that is less.

    Args:
        kinds: the items of each kind.
        seed: of the order.

    Raises:
        ValueError: if there are too few for three splits.
    """
    if (items := sum(map(len, kinds))) < 10:
        raise ValueError(f"{items} runs are too few for an 80/10/10 split: 10 are needed")
    parts: dict[Split, list[T]] = {name: [] for name in SPLITS}
    for kind in kinds:
        n = len(kind)
        order = torch.randperm(n, generator=torch.Generator().manual_seed(seed)).tolist()
        few = min(3, n // 5)
        test = min(int(0.9 * n), n - few)
        val = min(int(0.8 * n), test - few)
        for name, chosen in zip(SPLITS, (order[:val], order[val:test], order[test:]), strict=True):
            parts[name] += [kind[i] for i in chosen]
    return parts

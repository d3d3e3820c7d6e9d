"""Who is in train, val and test."""

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


def seeded_split(items: Sequence[T], seed: int) -> dict[Split, list[T]]:
    """80/10/10 in an order drawn by a seed.

    Raises:
        ValueError: if a split would be empty.
    """
    if len(items) < 10:
        raise ValueError(f"{len(items)} runs are too few for an 80/10/10 split: 10 are needed")
    order = torch.randperm(len(items), generator=torch.Generator().manual_seed(seed)).tolist()
    shuffled = [items[i] for i in order]
    train, val = int(0.8 * len(items)), int(0.9 * len(items))
    return {"train": shuffled[:train], "val": shuffled[train:val], "test": shuffled[val:]}

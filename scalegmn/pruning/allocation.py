"""Allocations: how many entries each tensor keeps."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import floor

import torch
from torch import Tensor

Allocation = Callable[[Mapping[str, Tensor], float], dict[str, int]]


def allocate_globally(scores: Mapping[str, Tensor], sparsity: float) -> dict[str, int]:
    """One threshold for all tensors: each keeps as many entries as lie above it.

    Of equal scores, those that come first go first, in the order of the tensors and then of their
    entries.

    Args:
        scores: one score per prunable entry.
        sparsity: fraction to prune, in [0, 1).
    """
    flat = torch.cat([score.detach().flatten().cpu() for score in scores.values()])
    sizes = [score.numel() for score in scores.values()]
    keep = lowest_pruned(flat, int(flat.numel() * sparsity)).split(sizes)
    return {name: int(part.sum()) for name, part in zip(scores, keep, strict=True)}


def allocate_per_layer(scores: Mapping[str, Tensor], sparsity: float) -> dict[str, int]:
    """The same sparsity in all tensors.

    A tensor's share of what is pruned is rounded down; what is missing to ``int(N * sparsity)``
    comes from the tensors that lost most by rounding.

    Args:
        scores: one score per prunable entry; only their numbers count.
        sparsity: fraction to prune, in [0, 1).
    """
    sizes = [score.numel() for score in scores.values()]
    # Exact fractions: rounded products could add up to more than the whole.
    exact = [size * Fraction(sparsity) for size in sizes]
    shares = [floor(share) for share in exact]
    missing = int(sum(sizes) * sparsity) - sum(shares)
    by_loss = sorted(range(len(sizes)), key=lambda i: shares[i] - exact[i])
    for i in by_loss[:missing]:
        shares[i] += 1
    return {name: size - share for name, size, share in zip(scores, sizes, shares, strict=True)}


def with_floor(kept: Mapping[str, int], sizes: Mapping[str, int], floor: int) -> dict[str, int]:
    """An allocation in which every tensor keeps some entries at least.

    What tensors get to reach the floor is taken from the others, in proportion to what they have
    above it; the sum stays.

    Args:
        kept: entries that each tensor keeps.
        sizes: entries that each tensor has.
        floor: entries that each tensor keeps at least, or all that it has.

    Raises:
        ValueError: if the floors together are more than what is kept.
    """
    floors = {name: min(floor, size) for name, size in sizes.items()}
    total = sum(kept.values())
    if sum(floors.values()) > total:
        raise ValueError(
            f"selection.min_per_layer={floor}: {len(sizes)} tensors cannot keep so many each where "
            f"{total} entries are kept in all; lower it or the sparsity"
        )
    raised = {name: max(count, floors[name]) for name, count in kept.items()}
    spare = {name: raised[name] - floors[name] for name in raised}
    missing, room = sum(raised.values()) - total, sum(spare.values())
    if missing == 0:
        return raised
    exact = {name: Fraction(missing * count, room) for name, count in spare.items()}
    taken = {name: int(share) for name, share in exact.items()}
    rest = missing - sum(taken.values())
    for name in sorted(exact, key=lambda n: taken[n] - exact[n])[:rest]:
        taken[name] += 1
    return {name: raised[name] - taken[name] for name in raised}


def lowest_pruned(flat: Tensor, count: int) -> Tensor:
    """Keep all but the ``count`` lowest of ``(n,)`` scores, in linear time; of ties, first go first."""
    if count == 0:
        return torch.ones_like(flat, dtype=torch.bool)
    threshold = flat.kthvalue(count).values
    keep = flat >= threshold
    missing = count - int((~keep).sum())
    ties = (flat == threshold).nonzero().squeeze(1)
    keep[ties[:missing]] = False
    return keep

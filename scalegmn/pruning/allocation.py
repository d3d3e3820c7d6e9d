"""Distribute a sparsity over a network's tensors."""

from collections.abc import Callable, Mapping
from fractions import Fraction

import torch
from torch import Tensor

from scalegmn.pruning.lowest import all_but_lowest
from scalegmn.pruning.rounding import rounded

Allocation = Callable[[Mapping[str, Tensor], float], dict[str, int]]
"""Maps scores and a sparsity to the number of entries that each tensor keeps.

Of N entries in all, exactly ``N - int(N * sparsity)`` are kept.
"""


def allocate_globally(scores: Mapping[str, Tensor], sparsity: float) -> dict[str, int]:
    """Keep the highest scores of all tensors together.

    Of equal scores those are pruned that come first, in the order of the tensors and then of their
    entries.

    Args:
        scores: one score per prunable entry, by tensor.
        sparsity: fraction to prune, in [0, 1).

    Returns:
        How many entries each tensor keeps.
    """
    flat = torch.cat([score.detach().flatten().cpu() for score in scores.values()])
    keep = all_but_lowest(flat, int(flat.numel() * sparsity))
    parts = keep.split([score.numel() for score in scores.values()])
    return {name: int(part.sum()) for name, part in zip(scores, parts, strict=True)}


def allocate_uniformly(scores: Mapping[str, Tensor], sparsity: float) -> dict[str, int]:
    """Prune all tensors to the same sparsity.

    A tensor's share of pruned entries is rounded down, and the missing ones come from the tensors
    that lost most by rounding.

    Args:
        scores: one score per prunable entry, by tensor; only their number counts.
        sparsity: fraction to prune, in [0, 1).

    Returns:
        How many entries each tensor keeps.
    """
    sizes = [score.numel() for score in scores.values()]
    shares = [size * Fraction(sparsity) for size in sizes]
    pruned = rounded(shares, int(sum(sizes) * sparsity))
    return {name: sizes[i] - pruned[i] for i, name in enumerate(scores)}

"""Prune a network that is pruned already."""

from collections.abc import Mapping

import torch
from torch import Tensor

from scalegmn.pruning.allocation import Allocation, allocate_globally
from scalegmn.pruning.lowest import all_but_lowest
from scalegmn.pruning.mask import Mask
from scalegmn.pruning.selection import make_mask


def make_nested_mask(
    scores: Mapping[str, Tensor],
    sparsity: float,
    within: Mask,
    *,
    allocate: Allocation = allocate_globally,
    min_per_layer: int = 0,
) -> Mask:
    """Prune the lowest scores among what a mask keeps: nothing that is pruned comes back.

    Pruned entries score lowest of all. Where an allocation would keep more entries of a tensor than
    are left, as rounding may make it, the best of those that other tensors would lose stay instead,
    so that the total is exact.

    Args:
        scores: one score per prunable entry, by parameter.
        sparsity: fraction of all prunable entries to prune, those pruned before included.
        within: a mask of the same parameters, not sparser than that.
        allocate: how many entries each tensor keeps.
        min_per_layer: entries that each tensor keeps at least.

    Returns:
        A mask with exactly ``int(N * sparsity)`` of N entries pruned, on the scores' devices.

    Raises:
        ValueError: see :func:`make_mask`; or if more is pruned already, or ``within`` is a mask of
            other parameters.
    """
    if within.keep.keys() != scores.keys():
        raise ValueError(f"the mask to prune within covers {', '.join(within.keep)}")
    left = {name: within.keep[name].to(score.device) for name, score in scores.items()}
    lowest = {name: score.masked_fill(~left[name], -torch.inf) for name, score in scores.items()}
    mask = make_mask(lowest, sparsity, allocate=allocate, min_per_layer=min_per_layer)
    kept = {name: keep & left[name] for name, keep in mask.keep.items()}
    missing = _count(mask.keep) - _count(kept)
    if missing:
        kept = _with_best(lowest, kept, missing)
    if any(bool((keep & ~left[name]).any()) for name, keep in kept.items()):
        pruned = sum(int((~keep).sum()) for keep in left.values())
        raise ValueError(f"sparsity {sparsity} is less than is pruned already: {pruned} entries")
    return Mask(kept)


def _with_best(
    scores: Mapping[str, Tensor], kept: dict[str, Tensor], count: int
) -> dict[str, Tensor]:
    """Keep the ``count`` highest scores besides what is kept."""
    free = [score.masked_fill(kept[name], -torch.inf) for name, score in scores.items()]
    flat = torch.cat([score.flatten().cpu() for score in free])
    best = all_but_lowest(flat, flat.numel() - count)
    parts = best.split([score.numel() for score in scores.values()])
    return {
        name: kept[name] | part.view(score.shape).to(score.device)
        for (name, score), part in zip(scores.items(), parts, strict=True)
    }


def _count(keep: Mapping[str, Tensor]) -> int:
    return sum(int(k.sum()) for k in keep.values())

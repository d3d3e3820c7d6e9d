"""Select which entries stay, from scores and an allocation."""

from collections.abc import Mapping

from torch import Tensor

from scalegmn.pruning.allocation import Allocation, allocate_globally, lowest_pruned, with_floor
from scalegmn.pruning.mask import Mask


def make_mask(
    scores: Mapping[str, Tensor],
    sparsity: float,
    *,
    allocate: Allocation = allocate_globally,
    min_per_layer: int = 0,
) -> Mask:
    """Prune the lowest scores, exactly ``int(N * sparsity)`` of the N entries.

    Args:
        scores: one score per prunable entry; infinite ones are allowed.
        sparsity: fraction to prune, in [0, 1).
        allocate: how many entries each tensor keeps.
        min_per_layer: entries that each tensor keeps at least, or all that it has.

    Raises:
        ValueError: if the sparsity is outside [0, 1), a score is NaN, there are no scores, or not
            so many entries are left that each tensor gets its least.
    """
    _check(scores, sparsity)
    kept = allocate(scores, sparsity)
    if min_per_layer:
        kept = with_floor(kept, {n: s.numel() for n, s in scores.items()}, min_per_layer)
    return Mask({name: _highest(score, kept[name]) for name, score in scores.items()})


def _highest(score: Tensor, count: int) -> Tensor:
    flat = score.detach().flatten().cpu()
    return lowest_pruned(flat, flat.numel() - count).view(score.shape).to(score.device)


def _check(scores: Mapping[str, Tensor], sparsity: float) -> None:
    if not 0 <= sparsity < 1:
        raise ValueError(f"sparsity is the fraction to prune, at least 0 and below 1: {sparsity}")
    if not scores:
        raise ValueError("there is nothing to prune: no prunable parameters were scored")
    for name, score in scores.items():
        if score.isnan().any():
            raise ValueError(f"the scores of {name} hold NaN: check the network's parameters")

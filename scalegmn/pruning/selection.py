"""Turn scores into a mask."""

from collections.abc import Mapping

from torch import Tensor

from scalegmn.pruning.allocation import Allocation, allocate_globally
from scalegmn.pruning.lowest import all_but_lowest
from scalegmn.pruning.mask import Mask


def make_mask(
    scores: Mapping[str, Tensor],
    sparsity: float,
    *,
    allocate: Allocation = allocate_globally,
    min_per_layer: int = 0,
) -> Mask:
    """Prune the lowest scores of each tensor, exactly ``int(N * sparsity)`` of N entries in all.

    Of equal scores those are pruned that come first. A tensor that would keep fewer than
    ``min_per_layer`` entries keeps that many (all, if it is smaller), and the sparsity that the
    others need for the same total is allocated to them.

    Args:
        scores: one score per prunable entry, by parameter; infinite ones are allowed.
        sparsity: fraction to prune, in [0, 1).
        allocate: how many entries each tensor keeps.
        min_per_layer: entries that each tensor keeps at least.

    Returns:
        A mask of the scored parameters, on the scores' devices.

    Raises:
        ValueError: if the sparsity is outside [0, 1), a score is NaN, there are no scores, the
            floor is negative or needs more entries than are kept, or the allocation is wrong.
    """
    _check(scores, sparsity, min_per_layer)
    counts = _allocated(scores, sparsity, allocate)
    if min_per_layer:
        counts = _with_floor(scores, sparsity, allocate, counts, min_per_layer)
    return Mask({name: _keep_highest(score, counts[name]) for name, score in scores.items()})


def _check(scores: Mapping[str, Tensor], sparsity: float, min_per_layer: int) -> None:
    if not 0 <= sparsity < 1:
        raise ValueError(f"sparsity is the fraction to prune, at least 0 and below 1: {sparsity}")
    if min_per_layer < 0:
        raise ValueError(f"min_per_layer must be at least 0, got {min_per_layer}")
    if not scores:
        raise ValueError("there is nothing to prune: no prunable parameters were scored")
    for name, score in scores.items():
        if score.isnan().any():
            raise ValueError(f"the scores of {name} hold NaN: check the network's parameters")


def _allocated(
    scores: Mapping[str, Tensor], sparsity: float, allocate: Allocation
) -> dict[str, int]:
    counts = allocate(scores, sparsity)
    total = _size(scores)
    kept = total - int(total * sparsity)
    if counts.keys() != scores.keys() or sum(counts.values()) != kept:
        raise ValueError(
            f"an allocation must keep {kept} of the {total} entries of {', '.join(scores)} at "
            f"sparsity {sparsity}, got {counts}"
        )
    for name, count in counts.items():
        if not 0 <= count <= scores[name].numel():
            raise ValueError(f"{name} has {scores[name].numel()} entries and cannot keep {count}")
    return counts


def _with_floor(
    scores: Mapping[str, Tensor],
    sparsity: float,
    allocate: Allocation,
    counts: dict[str, int],
    min_per_layer: int,
) -> dict[str, int]:
    floors = {name: min(min_per_layer, score.numel()) for name, score in scores.items()}
    kept = sum(counts.values())
    if kept < sum(floors.values()):
        raise ValueError(
            f"sparsity {sparsity} keeps {kept} entries, but min_per_layer={min_per_layer} needs "
            f"{sum(floors.values())}: lower one of them"
        )
    fixed: dict[str, int] = {}
    while short := {n: floors[n] for n in counts if counts[n] < floors[n]}:
        fixed |= short
        free = {name: score for name, score in scores.items() if name not in fixed}
        size = _size(free)
        pruned = size - (kept - sum(fixed.values()))
        # The half keeps int(size * sparsity) at `pruned` whatever the rounding.
        counts = _allocated(free, (pruned + 0.5) / size, allocate)
    return {name: fixed.get(name, counts.get(name, 0)) for name in scores}


def _keep_highest(score: Tensor, count: int) -> Tensor:
    keep = all_but_lowest(score.detach().flatten().cpu(), score.numel() - count)
    return keep.view(score.shape).to(score.device)


def _size(scores: Mapping[str, Tensor]) -> int:
    return sum(score.numel() for score in scores.values())

"""From scores to masks: which entries stay."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import floor

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from scalegmn.pruning.mask import Mask

Selection = Callable[[Mapping[str, Tensor], float], Mask]


def keep_top(scores: Mapping[str, Tensor], sparsity: float) -> Mask:
    """Prune the lowest scores of all tensors together.

    Exactly ``int(N * sparsity)`` of the N entries are pruned; of equal scores, those that come
    first, in the order of the tensors and then of their entries.

    Args:
        scores: one score per prunable entry; infinite ones are allowed.
        sparsity: fraction to prune, in [0, 1).

    Raises:
        ValueError: if the sparsity is outside [0, 1), a score is NaN or there are no scores.
    """
    _check(scores, sparsity)
    flat = torch.cat([score.detach().flatten().cpu() for score in scores.values()])
    keep = _keep_all_but(flat, int(flat.numel() * sparsity))
    parts = keep.split([score.numel() for score in scores.values()])
    return _mask(scores, parts)


def keep_top_per_layer(scores: Mapping[str, Tensor], sparsity: float) -> Mask:
    """Prune the lowest scores of each tensor by itself, all tensors to the same sparsity.

    Over all tensors exactly ``int(N * sparsity)`` entries are pruned: a tensor's share is rounded
    down, and the missing ones come from the tensors that lost most by rounding. Ties as in
    :func:`keep_top`.

    Args:
        scores: one score per prunable entry; infinite ones are allowed.
        sparsity: fraction to prune, in [0, 1).

    Raises:
        ValueError: if the sparsity is outside [0, 1), a score is NaN or there are no scores.
    """
    _check(scores, sparsity)
    counts = _shares([score.numel() for score in scores.values()], sparsity)
    flats = [score.detach().flatten().cpu() for score in scores.values()]
    parts = [_keep_all_but(flat, count) for flat, count in zip(flats, counts, strict=True)]
    return _mask(scores, parts)


def _check(scores: Mapping[str, Tensor], sparsity: float) -> None:
    if not 0 <= sparsity < 1:
        raise ValueError(f"sparsity is the fraction to prune, at least 0 and below 1: {sparsity}")
    if not scores:
        raise ValueError("there is nothing to prune: no prunable parameters were scored")
    for name, score in scores.items():
        if score.isnan().any():
            raise ValueError(f"the scores of {name} hold NaN: check the network's parameters")


def _keep_all_but(flat: Float[Tensor, " n"], count: int) -> Bool[Tensor, " n"]:
    """Keep all but the ``count`` lowest, in linear time; of ties, the first go first."""
    if count == 0:
        return torch.ones_like(flat, dtype=torch.bool)
    threshold = flat.kthvalue(count).values
    keep = flat >= threshold
    missing = count - int((~keep).sum())
    ties = (flat == threshold).nonzero().squeeze(1)
    keep[ties[:missing]] = False
    return keep


def _shares(sizes: list[int], sparsity: float) -> list[int]:
    # Exact fractions: rounded products could add up to more than the whole.
    exact = [size * Fraction(sparsity) for size in sizes]
    shares = [floor(share) for share in exact]
    missing = int(sum(sizes) * sparsity) - sum(shares)
    by_loss = sorted(range(len(sizes)), key=lambda i: shares[i] - exact[i])
    for i in by_loss[:missing]:
        shares[i] += 1
    return shares


def _mask(scores: Mapping[str, Tensor], parts: list[Tensor] | tuple[Tensor, ...]) -> Mask:
    pairs = zip(scores.items(), parts, strict=True)
    return Mask({name: keep.view(score.shape).to(score.device) for (name, score), keep in pairs})

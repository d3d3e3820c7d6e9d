"""Find the lowest of many scores."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


def all_but_lowest(
    scores: Float[Tensor, " n"] | Int[Tensor, " n"], count: int
) -> Bool[Tensor, " n"]:
    """Mark all but the ``count`` lowest scores, in linear time; of ties, the first are lowest."""
    if count == 0:
        return torch.ones_like(scores, dtype=torch.bool)
    threshold = scores.kthvalue(count).values
    keep = scores >= threshold
    missing = count - int((~keep).sum())
    ties = (scores == threshold).nonzero().squeeze(1)
    keep[ties[:missing]] = False
    return keep

"""The direction of a feature vector."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def unit(x: Float[Tensor, "*rows d"]) -> Float[Tensor, "*rows d"]:
    r""":math:`x / \lVert x \rVert_2`, with value 0 and gradient 0 at :math:`x = 0`.

    Right from 1e-30 to 1e30 in float32: the largest entry is divided out first, and half precision
    is widened. No epsilon, which would break scale invariance where pruning lives, near zero.
    """
    wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
    # The result does not depend on the divisor, so no gradient has to go through it.
    largest = wide.detach().abs().amax(-1, keepdim=True)
    zero = largest == 0
    scaled = (wide / largest.masked_fill(zero, 1)).masked_fill(zero, 0)
    square = scaled.square().sum(-1, keepdim=True)
    return (scaled * square.masked_fill(zero, 1).rsqrt()).to(x.dtype)


def log_norm(
    x: Float[Tensor, "*rows d"],
) -> tuple[Float[Tensor, "*rows 1"], Bool[Tensor, "*rows 1"]]:
    r""":math:`\log \lVert x \rVert_2` (0 for zero rows, without gradient), and which are zero.

    Ratios of norms are taken as differences of logarithms, which neither overflow nor underflow.
    """
    largest = x.detach().abs().amax(-1, keepdim=True)
    zero = largest == 0
    largest = largest.masked_fill(zero, 1)
    square = (x / largest).masked_fill(zero, 1).square().sum(-1, keepdim=True)
    return (0.5 * square.log() + largest.log()).masked_fill(zero, 0), zero

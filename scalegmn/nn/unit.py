"""The direction of a feature vector."""

from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.autograd.function import once_differentiable


def unit(x: Float[Tensor, "*rows d"]) -> Float[Tensor, "*rows d"]:
    r""":math:`x / \lVert x \rVert_2`, with value 0 and gradient 0 at :math:`x = 0`.

    Right from 1e-30 to 1e30 in float32: the largest entry is divided out first, and half precision
    is widened. No epsilon, which would break scale invariance where pruning lives, near zero.
    """
    return _Unit.apply(x)[0]


class _Unit(torch.autograd.Function):
    r"""One node of the autograd graph instead of ten: :math:`(g - u \langle g, u\rangle) / |x|`."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor) -> tuple[Tensor, Tensor]:
        wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
        largest = wide.abs().amax(-1, keepdim=True)
        zero = largest == 0
        scaled = wide / largest.masked_fill(zero, 1)
        inverse = scaled.square().sum(-1, keepdim=True).masked_fill(zero, 1).rsqrt()
        # The true gradient grows like 1 / |x|; below the floor it would overflow.
        none = largest < _floor(wide)
        return (scaled * inverse).to(x.dtype), (inverse / largest).masked_fill(none, 0)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: tuple[Tensor, Tensor]) -> None:
        ctx.mark_non_differentiable(output[1])
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*output)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor | None, _: None) -> Tensor | None:
        if grad is None:
            return None
        direction, inverse = ctx.saved_tensors
        along = (grad * direction).sum(-1, keepdim=True)
        return ((grad - direction * along) * inverse).to(grad.dtype)


def log_norm(
    x: Float[Tensor, "*rows d"],
) -> tuple[Float[Tensor, "*rows 1"], Bool[Tensor, "*rows 1"]]:
    r""":math:`\log \lVert x \rVert_2` (0 for zero rows, without gradient), and which are zero.

    Rows below 1e-30 in float32 count as zero.

    Ratios of norms are taken as differences of logarithms, which neither overflow nor underflow.
    """
    largest = x.detach().abs().amax(-1, keepdim=True)
    zero = largest < _floor(x)
    largest = largest.masked_fill(zero, 1)
    square = (x / largest).masked_fill(zero, 1).square().sum(-1, keepdim=True)
    return (0.5 * square.log() + largest.log()).masked_fill(zero, 0), zero


def _floor(x: Tensor) -> float:
    """About 1e-30 in float32, 1e-246 in float64: the reciprocal and small multiples are finite."""
    return torch.finfo(x.dtype).tiny ** 0.8

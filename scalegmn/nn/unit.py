"""The direction and the length of a feature vector."""

from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def unit(x: Float[Tensor, "*rows d"]) -> Float[Tensor, "*rows d"]:
    r""":math:`x / \lVert x \rVert_2`, with value 0 and gradient 0 at :math:`x = 0`.

    Right from 1e-30 to 1e30 in float32 and bfloat16: squares are summed in float64. No epsilon,
    which would break scale invariance where pruning lives, near zero; shorter rows count as zero,
    for the gradient grows like the reciprocal of the length.
    """
    return _Unit.apply(x)[0]


def log_norm(
    x: Float[Tensor, "*rows d"],
) -> tuple[Float[Tensor, "*rows 1"], Bool[Tensor, "*rows 1"]]:
    r""":math:`\log \lVert x \rVert_2` (0 for zero rows, without gradient), and which are zero.

    Ratios of norms are taken as differences of logarithms, which neither overflow nor underflow.
    """
    return _LogNorm.apply(x)


def inverse_length(x: Float[Tensor, "*rows d"]) -> Float[Tensor, "*rows 1"]:
    r""":math:`1 / \lVert x \rVert_2`, 0 for zero rows, in float32 or wider; not for autograd."""
    wide = x.dtype if x.dtype in (torch.float32, torch.float64) else torch.float32
    # Short rows count as infinitely long.
    return torch.threshold_(_norm(x), _floor(x), torch.inf).reciprocal_().to(wide)


class _Unit(torch.autograd.Function):
    r"""The direction :math:`u` and the inverse length :math:`1 / |x|`.

    Their gradient is :math:`(g - u \langle g, u\rangle) / |x| - g' u / |x|^2`, a function of the
    two themselves: differentiable any number of times, and zero where :math:`x = 0`.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor) -> tuple[Tensor, Tensor]:
        inverse = inverse_length(x)
        return (x * inverse).to(x.dtype), inverse

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: tuple[Tensor, Tensor]) -> None:
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*output)

    @staticmethod
    def backward(ctx: Any, grad: Tensor | None, grad_inverse: Tensor | None) -> Tensor | None:
        direction, inverse = ctx.saved_tensors
        total = None
        if grad is not None:
            # A product with ones is the fastest sum over short rows.
            along = (grad * direction) @ direction.new_ones(direction.shape[-1], 1)
            total = (grad - direction * along) * inverse
        if grad_inverse is not None:  # In second derivatives only.
            shrunk = direction * (grad_inverse * inverse * inverse)
            total = -shrunk if total is None else total - shrunk
        return None if total is None else total.to(direction.dtype)


class _LogNorm(torch.autograd.Function):
    r"""The logarithm of the length, with gradient :math:`g\, u / |x|`."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor) -> tuple[Tensor, Tensor]:
        norm = _norm(x)
        zero = norm < _floor(x)
        return norm.masked_fill(zero, 1).log().to(x.dtype), zero

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: tuple[Tensor, Tensor]) -> None:
        ctx.mark_non_differentiable(output[1])
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, grad: Tensor, _: Tensor | None) -> Tensor:
        direction, inverse = _Unit.apply(*ctx.saved_tensors)
        return (direction * (grad * inverse)).to(direction.dtype)


def _norm(x: Tensor) -> Tensor:
    return torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=torch.float64)


def _floor(x: Tensor) -> float:
    """Shorter rows count as zero; squares do not underflow in float64 above it."""
    return 1e-150 if x.dtype == torch.float64 else 1e-31

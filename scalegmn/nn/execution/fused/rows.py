"""The metanetwork's functions of rows, forwards and backwards, without autograd.

A function is described once by the places of its parameters. ``forward`` takes their current values
and returns the value with what ``backward`` needs, which returns the gradient of the rows. Rows are
two-dimensional.
"""

from typing import Any, TypeGuard

import torch
import torch.nn.functional as F
from torch import Tensor, mm, nn

from scalegmn.nn.canonical import Identity, UnitVector
from scalegmn.nn.execution.fused.gradients import Gradients, Places, Weights
from scalegmn.nn.mlp import MLP
from scalegmn.nn.scale_eq import ScaleEq
from scalegmn.nn.scale_inv import ScaleInv
from scalegmn.nn.unit import inverse_length

Saved = Any  # what a forward pass keeps for the backward pass


class MLPTail:
    r"""What follows the first linear map of an MLP.

    .. math:: A_2\, \mathrm{SiLU}(\mathrm{LN}(x)) + b_2

    Args:
        mlp: without dropout.
        at: places of its parameters.
    """

    def __init__(self, mlp: MLP, at: Places) -> None:
        self.normed = isinstance(mlp.norm, nn.LayerNorm)
        if isinstance(mlp.norm, nn.LayerNorm):
            self.gain, self.shift = at[mlp.norm.weight], at[mlp.norm.bias]
            self.shape, self.eps = tuple(mlp.norm.normalized_shape), mlp.norm.eps
        self.weight, self.bias = at[mlp.last.weight], at[mlp.last.bias]

    def forward(self, w: Weights, hidden: Tensor) -> tuple[Tensor, Saved]:
        normed, mean, rstd = hidden, None, None
        if self.normed:
            normed, mean, rstd = torch.native_layer_norm(
                hidden, self.shape, w[self.gain], w[self.shift], self.eps
            )
        active = F.silu(normed)
        out = F.linear(active, w[self.weight], w[self.bias])
        return out, (hidden, normed, active, mean, rstd)

    def backward(self, w: Weights, saved: Saved, grad: Tensor, grads: Gradients) -> Tensor:
        hidden, normed, active, mean, rstd = saved
        grads.add_linear(self.weight, self.bias, grad, active)
        back = _silu_backward(mm(grad, w[self.weight]), normed)
        if not self.normed:
            return back
        mask = (True, grads.wanted, grads.wanted)
        back, of_gain, of_shift = _norm_backward(
            back, hidden, self.shape, mean, rstd, w[self.gain], w[self.shift], mask
        )
        if grads.wanted:
            grads.add(self.gain, of_gain)
            grads.add(self.shift, of_shift)
        return back


class ScaleInvRows:
    r""":math:`\rho([c(x), p])`.

    Args:
        function: with the unit vector or the identity as canonical form.
        at: places of its parameters.
    """

    def __init__(self, function: ScaleInv, at: Places) -> None:
        self.unit = type(function.canonical) is UnitVector
        weights = [at[weight] for weight in function.rho.weights]
        self.weight, self.bias = weights[0], at[function.rho.bias]
        self.encoding = weights[1] if len(weights) > 1 else None
        self.tail = MLPTail(function.rho, at)

    def forward(self, w: Weights, x: Tensor, p: Tensor | None = None) -> tuple[Tensor, Saved]:
        inverse = inverse_length(x) if self.unit else None
        form = x if inverse is None else x * inverse
        hidden = F.linear(form, w[self.weight], w[self.bias])
        if self.encoding is not None:
            assert p is not None
            hidden += F.linear(p, w[self.encoding])
        out, tail = self.tail.forward(w, hidden)
        return out, (form, inverse, p, tail)

    def backward(
        self, w: Weights, saved: Saved, grad: Tensor, grads: Gradients, into: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """The gradients of ``x``, added to ``into`` in place, and of ``p``."""
        form, inverse, p, tail = saved
        back = self.tail.backward(w, tail, grad, grads)
        grads.add_linear(self.weight, self.bias, back, form)
        of_p = None
        if self.encoding is not None:
            grads.add_linear(self.encoding, None, back, p)
            of_p = mm(back, w[self.encoding])
        if inverse is not None:
            return unit_backward(form, inverse, mm(back, w[self.weight]), into), of_p
        if into is None:
            return mm(back, w[self.weight]), of_p
        return into.addmm_(back, w[self.weight]), of_p


class ScaleEqRows:
    r""":math:`(\Gamma x) \odot \mathrm{ScaleInv}(x; p)`.

    Args:
        gamma: the place of :math:`\Gamma`.
        gate: ScaleInv.
    """

    def __init__(self, gamma: int, gate: ScaleInvRows) -> None:
        self.gamma = gamma
        self.gate = gate

    def forward(self, w: Weights, x: Tensor, p: Tensor | None = None) -> tuple[Tensor, Saved]:
        gate, saved = self.gate.forward(w, x, p)
        mapped = F.linear(x, w[self.gamma])
        return mapped * gate, (x, mapped, gate, saved)

    def backward(
        self, w: Weights, saved: Saved, grad: Tensor, grads: Gradients, into: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """The gradients of ``x``, added to ``into`` in place, and of ``p``."""
        x, mapped, gate, kept = saved
        back = grad * gate
        grads.add_linear(self.gamma, None, back, x)
        into = mm(back, w[self.gamma]) if into is None else into.addmm_(back, w[self.gamma])
        return self.gate.backward(w, kept, grad * mapped, grads, into)


RowsFunction = ScaleInvRows | ScaleEqRows


def rows_function(function: nn.Module, at: Places) -> RowsFunction | None:
    """The passes of a row function; None where they are not written out."""
    if type(function) is ScaleEq and type(function.gamma) is nn.Linear:
        gate = rows_function(function.scale_inv, at)
        gamma = at[function.gamma.weight]
        return ScaleEqRows(gamma, gate) if isinstance(gate, ScaleInvRows) else None
    if type(function) is ScaleInv and is_mlp(function.rho):
        known = type(function.canonical) in (UnitVector, Identity)
        return ScaleInvRows(function, at) if known else None
    return None


def is_mlp(mlp: nn.Module) -> TypeGuard[MLP]:
    """Whether :class:`MLPTail` can express it."""
    if type(mlp) is not MLP or type(mlp.last) is not nn.Linear:
        return False
    return type(mlp.norm) in (nn.LayerNorm, nn.Identity) and type(mlp.dropout) is nn.Identity


def unit_backward(form: Tensor, inverse: Tensor, grad: Tensor, into: Tensor | None) -> Tensor:
    """The gradient through ``x -> x / |x|``, added to ``into`` in place; changes ``grad``."""
    along = (grad * form).sum(-1, keepdim=True)
    across = grad.addcmul_(form, along, value=-1)
    return across.mul_(inverse) if into is None else into.addcmul_(across, inverse)


_silu_backward = torch.ops.aten.silu_backward.default
_norm_backward = torch.ops.aten.native_layer_norm_backward.default

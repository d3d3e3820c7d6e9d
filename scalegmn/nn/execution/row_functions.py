"""Sums over edges of ScaleInv and ScaleEq.

Functions are recognised by their exact type; others, such as subclasses, are called as they are.
"""

from typing import TypeGuard, TypeVar

import torch
from torch import Tensor

from scalegmn.nn.canonical import SignRows
from scalegmn.nn.execution.split_mlp import finish, finish_summed, term
from scalegmn.nn.execution.sums import NodeRows, Sum
from scalegmn.nn.mlp import MLP
from scalegmn.nn.scale_eq import ScaleEq
from scalegmn.nn.scale_inv import HeteroScaleInv, RowFunction, ScaleInv

F = TypeVar("F", bound=RowFunction)


def encoding_term(function: RowFunction, p: Tensor) -> Tensor:
    """The share of the second input in the first linear map, computed on nodes."""
    if _is(function, ScaleEq):
        return encoding_term(function.scale_inv, p)
    if _is(function, HeteroScaleInv):
        parts = function.positive, function.signed
        return torch.cat([encoding_term(part, p) for part in parts], dim=-1)
    return term(function.rho, 1, p) if _splits(function) else p


def value(function: RowFunction, x: Tensor, extra: Tensor | None, sign: SignRows) -> Tensor:
    """The value at rows ``x``, with the term of their second input."""
    if _is(function, ScaleEq):
        return function.gamma(x) * value(function.scale_inv, x, extra, sign)
    if _is(function, HeteroScaleInv):
        assert sign is not None
        first, second = (None, None) if extra is None else extra.chunk(2, dim=-1)
        positive = value(function.positive, x, first, sign)
        return value(function.signed, x, second, sign).where(sign, positive)
    if _splits(function):
        return finish(function.rho, _hidden(function, x, extra, sign))
    return function(x, extra, sign)


def summed(
    function: RowFunction, x: Tensor, extra: Tensor | None, sign: SignRows, add: Sum
) -> NodeRows:
    r"""The sum of the values at rows on edges.

    Where edges are many, through sums of outer products: with hidden layers :math:`g_r` of
    :math:`\mathrm{ScaleInv}(x_r) = B g_r + b`,

    .. math::
        \sum_r (\Gamma x_r) \odot (B g_r + b)
        = \mathrm{diag}\Bigl(\Gamma \Bigl[\sum_r x_r g_r^T\Bigr] B^T\Bigr)
        + b \odot \Gamma \sum_r x_r
    """
    if _splits(function):
        return finish_summed(function.rho, _hidden(function, x, extra, sign), add)
    if not _is(function, ScaleEq) or not add.prefers_products(x.shape[-1]):
        return add(value(function, x, extra, sign))
    gate, gamma = function.scale_inv, function.gamma
    if not _splits(gate):
        return add(value(function, x, extra, sign))
    rho = gate.rho
    products = add.products(x, rho.activate(_hidden(gate, x, extra, sign)))
    crossed = (gamma.weight @ products * rho.last.weight).sum(-1)
    return crossed + rho.last.bias * gamma(add(x))


def _is(function: RowFunction, cls: type[F]) -> TypeGuard[F]:
    return type(function) is cls


def _splits(function: RowFunction | None) -> TypeGuard[ScaleInv]:
    return type(function) is ScaleInv and type(function.rho) is MLP


def _hidden(function: ScaleInv, x: Tensor, extra: Tensor | None, sign: SignRows) -> Tensor:
    """The hidden layer before its activation."""
    hidden = term(function.rho, 0, function.canonical(x, sign))
    return hidden if extra is None else hidden + extra

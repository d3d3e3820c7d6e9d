"""Positional encodings of nodes, forwards and backwards, without autograd."""

from typing import Any

import torch
from torch import Tensor, nn

from scalegmn.graph.groups import Role
from scalegmn.nn.execution.fused.gradients import Gradients, Places, Weights, sums_at
from scalegmn.nn.execution.fused.index import LayerIndex
from scalegmn.nn.execution.fused.rows import ScaleEqRows, rows_function
from scalegmn.nn.positional_encoding import Equivariant, Multiplied

Saved = Any


class FusedEncoding:
    """ScaleEq or a product on hidden nodes, a sum on inputs and outputs.

    Args:
        table: the place of the encodings.
        function: ScaleEq; None for a product.
    """

    def __init__(self, table: int, function: ScaleEqRows | None) -> None:
        self.table = table
        self.function = function

    def forward(
        self, w: Weights, h: Tensor, types: Tensor, index: LayerIndex
    ) -> tuple[Tensor, Saved]:
        p = w[self.table].index_select(0, types)
        out, kept = h + p, None
        if Role.HIDDEN in index.nodes:
            hidden = index.nodes[Role.HIDDEN]
            if self.function is None:
                torch.mul(h[hidden], p[hidden], out=out[hidden])
            else:
                out[hidden], kept = self.function.forward(w, h[hidden], p[hidden])
        return out, (h, p, kept)

    def backward(
        self,
        w: Weights,
        saved: Saved,
        grad: Tensor,
        types: Tensor,
        index: LayerIndex,
        grads: Gradients,
    ) -> Tensor:
        """The gradient of the nodes, for which ``grad`` is used."""
        h, p, kept = saved
        of_p = grad.clone()
        if Role.HIDDEN in index.nodes:
            hidden = index.nodes[Role.HIDDEN]
            if self.function is None:
                of_p[hidden] = grad[hidden] * h[hidden]
                grad[hidden] *= p[hidden]
            else:
                back, of_hidden = self.function.backward(w, kept, grad[hidden], grads)
                assert of_hidden is not None
                of_p[hidden], grad[hidden] = of_hidden, back
        if grads.wanted:
            grads.add(self.table, sums_at(types, of_p, len(w[self.table])))
        return grad


def fused_encoding(encoding: nn.Module, at: Places) -> FusedEncoding | None:
    """The passes of a positional encoding; None where they are not written out."""
    if type(encoding) is Multiplied and encoding.sum_on_io:
        return FusedEncoding(at[encoding.table], None)
    if type(encoding) is Equivariant:
        function = rows_function(encoding.function, at)
        return (
            FusedEncoding(at[encoding.table], function) if type(function) is ScaleEqRows else None
        )
    return None

"""The multi-layer perceptron inside every learned function of the metanetwork."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from scalegmn.nn.sums import Sum


class MLP(nn.Module):
    r"""One hidden layer over the concatenation of several inputs.

    .. math:: A_2\, \mathrm{SiLU}(\mathrm{LN}(\sum_k A_{1k} x_k + b_1)) + b_2

    The first layer is kept as one matrix per input. Its terms can then be computed where the inputs
    live, on nodes, and be added on edges: :meth:`term` and :meth:`finish` are the two halves, and
    :meth:`summed` is the second one for sums over edges.

    Args:
        d_in: width of each input.
        d_hid: width of the hidden layer.
        d_out: width of the output.
        layer_norm: normalise the hidden layer before the activation.
        dropout: rate after the activation.
    """

    def __init__(
        self,
        d_in: int | Sequence[int],
        d_hid: int,
        d_out: int,
        *,
        layer_norm: bool = True,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        widths = [d_in] if isinstance(d_in, int) else list(d_in)
        self.weights = nn.ParameterList(torch.empty(d_hid, d) for d in widths)
        self.bias = nn.Parameter(torch.empty(d_hid))
        self.norm = nn.LayerNorm(d_hid) if layer_norm else nn.Identity()
        self.dropout = nn.Dropout(dropout) if dropout > 0 else nn.Identity()
        self.last = nn.Linear(d_hid, d_out)
        # The bound of one nn.Linear on the concatenated inputs.
        bound = 1 / math.sqrt(sum(widths))
        for parameter in (*self.weights, self.bias):
            nn.init.uniform_(parameter, -bound, bound)

    def term(self, k: int, x: Float[Tensor, "*rows d_k"]) -> Float[Tensor, "*rows d_hid"]:
        """What input ``k`` adds to the hidden layer; the bias comes with input 0."""
        return nn.functional.linear(x, self.weights[k], self.bias if k == 0 else None)

    def activate(self, hidden: Float[Tensor, "*rows d_hid"]) -> Float[Tensor, "*rows d_hid"]:
        """The hidden layer for a sum of terms, one of every input."""
        return self.dropout(nn.functional.silu(self.norm(hidden)))

    def finish(self, hidden: Float[Tensor, "*rows d_hid"]) -> Float[Tensor, "*rows d_out"]:
        """The output for a sum of terms."""
        return self.last(self.activate(hidden))

    def summed(
        self, hidden: Float[Tensor, "*rows d_hid"], add: Sum, weight: Tensor | None = None
    ) -> Float[Tensor, "batch node d_out"]:
        """The sum of the outputs, perhaps weighted, for sums of terms on edges."""
        active = self.activate(hidden)
        if weight is not None:
            active = weight * active
        count = add.count if weight is None else add(weight)
        return nn.functional.linear(add(active), self.last.weight) + count * self.last.bias

    def forward(self, *inputs: Float[Tensor, "*_rows _d"]) -> Float[Tensor, "*_rows d_out"]:
        hidden = self.term(0, inputs[0])
        for k, x in enumerate(inputs[1:], start=1):
            hidden = hidden + self.term(k, x)
        return self.finish(hidden)

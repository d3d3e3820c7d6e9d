"""The multi-layer perceptron inside every learned function of the metanetwork."""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class MLP(nn.Module):
    r"""One hidden layer over the concatenation :math:`[x_1, \dots, x_n]` of several inputs.

    .. math:: A_2\, \mathrm{SiLU}(\mathrm{LN}(A_1 [x_1, \dots, x_n] + b_1)) + b_2

    :math:`A_1` is kept as one matrix per input (``weights``), so that inputs may broadcast against
    each other: :math:`A_1 [x_1, x_2] = A_{11} x_1 + A_{12} x_2`.

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

    def activate(self, hidden: Float[Tensor, "*rows d_hid"]) -> Float[Tensor, "*rows d_hid"]:
        """Layer norm, activation and dropout."""
        return self.dropout(F.silu(self.norm(hidden)))

    def forward(self, *inputs: Float[Tensor, "*_rows _d"]) -> Float[Tensor, "*_rows d_out"]:
        hidden = F.linear(inputs[0], self.weights[0], self.bias)
        for k, x in enumerate(inputs[1:], start=1):
            hidden = hidden + F.linear(x, self.weights[k])
        return self.last(self.activate(hidden))

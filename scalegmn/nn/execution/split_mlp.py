"""The two halves of an MLP: terms of single inputs, and what follows their sum.

Terms are computed where the inputs live, on nodes, before they are spread over edges; sums over
edges are taken before the last linear map instead of after it.
"""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from scalegmn.nn.execution.sums import Sum
from scalegmn.nn.mlp import MLP


def term(mlp: MLP, k: int, x: Float[Tensor, "*rows d_k"]) -> Float[Tensor, "*rows d_hid"]:
    """What input ``k`` adds to the hidden layer; the bias comes with input 0."""
    return F.linear(x, mlp.weights[k], mlp.bias if k == 0 else None)


def finish(mlp: MLP, hidden: Float[Tensor, "*rows d_hid"]) -> Float[Tensor, "*rows d_out"]:
    """The output for a sum of terms."""
    return mlp.last(mlp.activate(hidden))


def finish_summed(
    mlp: MLP, hidden: Float[Tensor, "*rows d_hid"], add: Sum, weight: Tensor | None = None
) -> Float[Tensor, "batch node d_out"]:
    """The sum of the outputs, perhaps weighted, for sums of terms on edges."""
    active = mlp.activate(hidden)
    if weight is not None:
        active = weight * active
    count = add.count if weight is None else add(weight)
    return F.linear(add(active), mlp.last.weight) + count * mlp.last.bias

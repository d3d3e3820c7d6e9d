"""Edge features that are embedded when they are read."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class EdgeFeatures:
    r"""Edge features :math:`W x`, kept as kernels :math:`x` and the linear map :math:`W`.

    A linear map of the first layer's features is one map, half as wide, of the kernels themselves:
    the features need never be computed, nor stored.

    Args:
        stored: features (..., d), or kernels (..., edge_dim).
        embedding: from kernels to features, without bias; None where features are stored.
    """

    def __init__(
        self, stored: Float[Tensor, "*edges _k"], embedding: nn.Linear | None = None
    ) -> None:
        self.stored = stored
        self.embedding = embedding

    def features(self) -> Float[Tensor, "*edges d"]:
        """The features themselves."""
        return self.stored if self.embedding is None else self.embedding(self.stored)

    def through(
        self, weight: Float[Tensor, "d_out d"], bias: Tensor | None = None
    ) -> Float[Tensor, "*edges d_out"]:
        """A linear map of the features."""
        folded = weight if self.embedding is None else weight @ self.embedding.weight
        return F.linear(self.stored, folded, bias)


Edges = Tensor | EdgeFeatures


def stored(e: Edges) -> EdgeFeatures:
    """The same edge features, as ones that may be embedded."""
    return e if isinstance(e, EdgeFeatures) else EdgeFeatures(e)

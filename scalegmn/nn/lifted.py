"""Edge features as layers read them."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class EdgeFeatures:
    """Features of edges, or kernels together with the linear map that lifts them to features.

    The first layer reads kernels: a linear map of their features is one map, half as wide, of the
    kernels themselves, and the features need never be computed.

    Args:
        stored: features (..., d), or kernels (..., tap).
        lift: the linear map from kernels to features, without bias; None where features are stored.
    """

    def __init__(self, stored: Float[Tensor, "*edges _k"], lift: nn.Linear | None = None) -> None:
        self.stored = stored
        self.lift = lift

    def features(self) -> Float[Tensor, "*edges d"]:
        """The features themselves."""
        return self.stored if self.lift is None else self.lift(self.stored)

    def through(
        self, weight: Float[Tensor, "d_out d"], bias: Tensor | None = None
    ) -> Float[Tensor, "*edges d_out"]:
        """A linear map of the features."""
        folded = weight if self.lift is None else weight @ self.lift.weight
        return F.linear(self.stored, folded, bias)

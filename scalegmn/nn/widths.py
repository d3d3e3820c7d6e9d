"""Widths of the hidden features and of the MLPs."""

from collections.abc import Sequence
from dataclasses import dataclass

from scalegmn.nn.mlp import MLP


@dataclass(frozen=True)
class Widths:
    """The sizes that all parts of one metanetwork share.

    Attributes:
        d: width of node and edge features, and of the hidden layer of every MLP.
        layer_norm: normalise the hidden layer of every MLP.
        mlp_dropout: rate inside every MLP.
    """

    d: int
    layer_norm: bool = True
    mlp_dropout: float = 0.0

    def mlp(self, d_in: int | Sequence[int], d_out: int) -> MLP:
        """An MLP from these inputs."""
        return MLP(d_in, self.d, d_out, layer_norm=self.layer_norm, dropout=self.mlp_dropout)

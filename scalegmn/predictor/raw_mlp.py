"""All weights side by side as a reader."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from scalegmn.graph import NetworkGraph
from scalegmn.predictor.feed_forward import feed_forward
from scalegmn.predictor.recipe import Recipe
from scalegmn.predictor.stat_nn import flat_parameters


@dataclass(frozen=True)
class RawMLP(Recipe):
    """An MLP of all parameters in one vector: no symmetry at all.

    Attributes:
        d: width of the hidden layers.
        num_layers: of them.
        dropout: rate after each.
    """

    d: int = 512
    num_layers: int = 2
    dropout: float = 0.0

    @property
    def name(self) -> str:
        return "MLP"

    def build(self, graph: NetworkGraph) -> "WeightsReader":
        widths = [_size(graph), *[self.d] * self.num_layers]
        return WeightsReader(feed_forward(widths, self.dropout))

    def reads(self, graph: NetworkGraph) -> str:
        shapes = [str(block.shape) for block in graph.blocks]
        return f"{_size(graph)} parameters, weights of shapes {', '.join(shapes)}"


class WeightsReader(nn.Module):
    """The reader of :class:`RawMLP`.

    Args:
        mlp: from all parameters to one number.
    """

    def __init__(self, mlp: nn.Module) -> None:
        super().__init__()
        self.mlp = mlp

    def forward(
        self,
        graph: NetworkGraph,
        params: Mapping[str, Tensor],
        sign: Bool[Tensor, "batch node"] | None = None,
    ) -> Float[Tensor, "*batch 1"]:
        """One number per network; ``sign`` is not read."""
        return self.mlp(torch.cat(flat_parameters(graph, params), dim=-1))


def _size(graph: NetworkGraph) -> int:
    biases = sum(group.size for group in graph.groups if group.bias is not None)
    return biases + sum(block.num_edges * block.taps for block in graph.blocks)

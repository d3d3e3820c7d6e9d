"""Statistics of each layer's weights as a reader."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from scalegmn.graph import NetworkGraph
from scalegmn.predictor.feed_forward import feed_forward
from scalegmn.predictor.recipe import Recipe

QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class StatNN(Recipe):
    """An MLP of mean, variance and quantiles of each layer's weights and of its biases.

    Seven numbers per tensor: mean, variance, quantiles 0, 25, 50, 75 and 100 %. Permutations of
    hidden units do not change them, scalings do. The activation is not an input.

    Reference: Unterthiner et al., *Predicting Neural Network Accuracy from Weights*, 2020,
    arXiv:2002.11448, section 3.2.

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
        return "StatNN"

    def build(self, graph: NetworkGraph) -> "StatisticsReader":
        features = (len(QUANTILES) + 2) * len(parameter_names(graph))
        widths = [features, *[self.d] * self.num_layers]
        return StatisticsReader(feed_forward(widths, self.dropout))

    def reads(self, graph: NetworkGraph) -> str:
        return f"{len(graph.blocks)} layers and {len(parameter_names(graph))} parameter tensors"


class StatisticsReader(nn.Module):
    """The reader of :class:`StatNN`.

    Args:
        mlp: from the statistics of all tensors to one number.
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
        stats = [_statistics(t) for t in flat_parameters(graph, params)]
        return self.mlp(torch.cat(stats, dim=-1))


def _statistics(values: Float[Tensor, "*batch n"]) -> Float[Tensor, "*batch 7"]:
    moments = torch.stack([values.mean(-1), values.var(-1, unbiased=False)], dim=-1)
    quantiles = torch.quantile(values, values.new_tensor(QUANTILES), dim=-1)
    return torch.cat([moments, quantiles.movedim(0, -1)], dim=-1)


def parameter_names(graph: NetworkGraph) -> list[str]:
    """Weights in the order of the edges, then biases in the order of the nodes."""
    biases = [group.bias for group in graph.groups if group.bias is not None]
    return [*(block.weight for block in graph.blocks), *biases]


def flat_parameters(
    graph: NetworkGraph, params: Mapping[str, Tensor]
) -> list[Float[Tensor, "*batch _"]]:
    """Each parameter as one axis, behind the axes of the batch."""
    shapes = {block.weight: len(block.shape) for block in graph.blocks}
    return [params[n].flatten(-shapes.get(n, 1)) for n in parameter_names(graph)]

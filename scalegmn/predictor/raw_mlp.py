"""A reader of all parameters as one vector."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from scalegmn.graph import NetworkGraph
from scalegmn.predictor.feed_forward import FeedForward, flat_parameters


@dataclass(frozen=True)
class RawMLP(FeedForward):
    """An MLP of all parameters in one vector: no symmetry at all.

    Attributes:
        d: see :class:`~scalegmn.predictor.feed_forward.FeedForward`.
        num_layers: see :class:`~scalegmn.predictor.feed_forward.FeedForward`.
        dropout: see :class:`~scalegmn.predictor.feed_forward.FeedForward`.
    """

    @property
    def name(self) -> str:
        return "MLP"

    def features(
        self, graph: NetworkGraph, params: Mapping[str, Tensor]
    ) -> Float[Tensor, "*batch n"]:
        return torch.cat(flat_parameters(graph, params), dim=-1)

    def num_features(self, graph: NetworkGraph) -> int:
        biases = sum(group.size for group in graph.groups if group.bias is not None)
        return biases + sum(block.num_edges * block.edge_dim for block in graph.blocks)

    def reads(self, graph: NetworkGraph) -> str:
        shapes = [str(block.shape) for block in graph.blocks]
        return f"{self.num_features(graph)} parameters, weights of shapes {', '.join(shapes)}"

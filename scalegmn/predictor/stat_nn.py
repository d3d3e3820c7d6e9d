"""A reader of statistics of each layer's weights (StatNN)."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from scalegmn.graph import NetworkGraph
from scalegmn.predictor.feed_forward import FeedForward, flat_parameters, parameter_names

QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class StatNN(FeedForward):
    """An MLP of mean, variance and quantiles of each layer's weights and of its biases.

    Seven numbers per tensor: mean, variance, quantiles 0, 25, 50, 75 and 100 %. Permutations of
    hidden units do not change them, scalings do. The activation is not an input.

    Reference: Unterthiner et al., *Predicting Neural Network Accuracy from Weights*, 2020,
    arXiv:2002.11448, section 3.2.

    Attributes:
        d: see :class:`~scalegmn.predictor.feed_forward.FeedForward`.
        num_layers: see :class:`~scalegmn.predictor.feed_forward.FeedForward`.
        dropout: see :class:`~scalegmn.predictor.feed_forward.FeedForward`.
    """

    @property
    def name(self) -> str:
        return "StatNN"

    def features(
        self, graph: NetworkGraph, params: Mapping[str, Tensor]
    ) -> Float[Tensor, "*batch n"]:
        return torch.cat([statistics(t) for t in flat_parameters(graph, params)], dim=-1)

    def num_features(self, graph: NetworkGraph) -> int:
        return (len(QUANTILES) + 2) * len(parameter_names(graph))

    def reads(self, graph: NetworkGraph) -> str:
        return f"{len(graph.blocks)} layers and {len(parameter_names(graph))} parameter tensors"


def statistics(values: Float[Tensor, "*batch n"]) -> Float[Tensor, "*batch 7"]:
    """Mean, variance and quantiles of the last axis."""
    moments = torch.stack([values.mean(-1), values.var(-1, unbiased=False)], dim=-1)
    quantiles = torch.quantile(values, values.new_tensor(QUANTILES), dim=-1)
    return torch.cat([moments, quantiles.movedim(0, -1)], dim=-1)

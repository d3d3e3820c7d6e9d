"""A predictor that is believed near the networks that it learnt from."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from scalegmn.arguments import check_number
from scalegmn.graph import NetworkGraph
from scalegmn.predictor.accuracy import AccuracyPredictor
from scalegmn.predictor.feed_forward import flat_parameters
from scalegmn.predictor.judge import Judge
from scalegmn.predictor.stat_nn import statistics
from scalegmn.unit_gauge import with_unit_inputs

# Of a statistic's standard deviation over the zoo, relative to its size there.
LEAST_SPREAD = 1e-3


class TrustRegion(Judge):
    r"""Counts on a prediction less a penalty for leaving a zoo's weight statistics.

    .. math::
        f(G, \theta) - \beta \max(0, d^2(\theta) - r^2), \qquad
        d^2(\theta) = \frac1n \sum_{i=1}^n
        \left( \frac{s_i(\theta) - \mu_i}{\sigma_i} \right)^2

    The statistics :math:`s_i` are those that StatNN reads (mean, variance and five quantiles of
    each tensor), of the equal network whose hidden units have unit incoming norm
    (:func:`~scalegmn.unit_gauge.with_unit_inputs`), so that no rescaling changes them;
    :math:`\mu_i` and :math:`\sigma_i` are their mean and standard deviation over the zoo, whose
    own networks have :math:`d^2` of 1 on average.

    Args:
        predictor: the predictor f.
        networks: the zoo's, of the predictor's architecture, in one batch; at least two.
        weight: β.
        radius: r.

    Raises:
        ValueError: if there are fewer than two networks, or a number is out of range.
    """

    mean: Tensor
    spread: Tensor

    def __init__(
        self,
        predictor: AccuracyPredictor,
        networks: Mapping[str, Tensor],
        *,
        weight: float,
        radius: float,
    ) -> None:
        check_number("guard.weight", weight, least=0)
        check_number("guard.radius", radius, above=0)
        super().__init__(predictor)
        found = summary(predictor.graph, networks)
        if len(found) < 2:
            raise ValueError(f"a trust region needs at least two networks, got {len(found)}")
        self.weight = weight
        self.radius = radius
        self.register_buffer("mean", found.mean(0))
        least = LEAST_SPREAD * found.abs().mean(0).clamp(min=LEAST_SPREAD)
        self.register_buffer("spread", found.std(0).maximum(least))

    def distance(
        self, graph: NetworkGraph, params: Mapping[str, Tensor]
    ) -> Float[Tensor, "*batch"]:
        """d² of one network or of each in a batch."""
        return ((summary(graph, params) - self.mean) / self.spread).square().mean(-1)

    def forward(self, graph: NetworkGraph, params: Mapping[str, Tensor]) -> Float[Tensor, ""]:
        outside = (self.distance(graph, params) - self.radius**2).clamp(min=0)
        return self.predict(graph, params) - self.weight * outside


def summary(graph: NetworkGraph, params: Mapping[str, Tensor]) -> Float[Tensor, "*batch n"]:
    """Statistics of each tensor that no rescaling of hidden units changes."""
    canonical = with_unit_inputs(graph, params)
    return torch.cat([statistics(t) for t in flat_parameters(graph, canonical)], dim=-1)

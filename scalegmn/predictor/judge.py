"""Judges: what an optimiser may count on of what predictors say."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from jaxtyping import Float
from torch import Tensor, nn

from scalegmn.graph import NetworkGraph
from scalegmn.metanetwork import Functional
from scalegmn.predictor.accuracy import AccuracyPredictor


class Judge(nn.Module, ABC):
    """A differentiable judgement of networks, made of one predictor or several.

    Args:
        predictor: the first one.
    """

    def __init__(self, predictor: AccuracyPredictor) -> None:
        super().__init__()
        self.predictor = predictor

    @abstractmethod
    def forward(self, graph: NetworkGraph, params: Mapping[str, Tensor]) -> Float[Tensor, ""]:
        """The accuracy of one network that may be counted on, differentiable in its parameters."""

    def predict(self, graph: NetworkGraph, params: Mapping[str, Tensor]) -> Float[Tensor, ""]:
        """The accuracy that is predicted for one network."""
        return self.predictor(graph, params)

    def check(self, graph: NetworkGraph) -> None:
        """Raise ``ValueError`` if networks of this graph cannot be read."""
        self.predictor.check(graph)

    @property
    def rounds(self) -> int:
        """Rounds of message passing, for :func:`scalegmn.graph.check_range`."""
        reader = self.predictor.reader
        return len(reader.gnn.layers) if isinstance(reader, Functional) else 0


class Trusting(Judge):
    """Counts on what a predictor says."""

    def forward(self, graph: NetworkGraph, params: Mapping[str, Tensor]) -> Float[Tensor, ""]:
        return self.predict(graph, params)

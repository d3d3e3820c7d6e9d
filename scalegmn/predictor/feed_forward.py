"""A reader that is an MLP of features of fixed length."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from jaxtyping import Bool, Float
from torch import Tensor, nn

from scalegmn.arguments import check_number, check_whole
from scalegmn.graph import NetworkGraph
from scalegmn.predictor.reader_config import ReaderConfig

Features = Callable[[NetworkGraph, Mapping[str, Tensor]], Float[Tensor, "*batch n"]]


@dataclass(frozen=True)
class FeedForward(ReaderConfig):
    """Linear layers with ReLU and dropout between them; subclasses define the features.

    Attributes:
        d: width of the hidden layers.
        num_layers: number of hidden layers.
        dropout: rate after each hidden layer.

    Raises:
        ValueError: if a number is impossible.
    """

    d: int = 512
    num_layers: int = 2
    dropout: float = 0.0

    def __post_init__(self) -> None:
        check_whole("model.predictor.recipe.d", self.d)
        check_whole("model.predictor.recipe.num_layers", self.num_layers, least=0)
        check_number("model.predictor.recipe.dropout", self.dropout, least=0, below=1)

    @abstractmethod
    def features(
        self, graph: NetworkGraph, params: Mapping[str, Tensor]
    ) -> Float[Tensor, "*batch n"]:
        """The input of the first layer."""

    @abstractmethod
    def num_features(self, graph: NetworkGraph) -> int:
        """The length of the features."""

    def least_parameters(self, graph: NetworkGraph) -> int:
        if not self.num_layers:
            return self.num_features(graph)
        return self.num_features(graph) * self.d + (self.num_layers - 1) * self.d**2

    def build(self, graph: NetworkGraph, d_out: int = 1) -> "FeedForwardReader":
        widths = [self.num_features(graph), *[self.d] * self.num_layers]
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Linear(before, after), nn.ReLU(), nn.Dropout(self.dropout)]
        return FeedForwardReader(
            self.features, nn.Sequential(*layers, nn.Linear(widths[-1], d_out))
        )


class FeedForwardReader(nn.Module):
    """The reader of a :class:`FeedForward`.

    Args:
        features: of networks.
        mlp: of the features.
    """

    def __init__(self, features: Features, mlp: nn.Module) -> None:
        super().__init__()
        self.features = features
        self.mlp = mlp

    def forward(
        self,
        graph: NetworkGraph,
        params: Mapping[str, Tensor],
        sign: Bool[Tensor, "batch node"] | None = None,
    ) -> Float[Tensor, "*batch d_out"]:
        """One vector per network; ``sign`` is not read."""
        return self.mlp(self.features(graph, params))


def parameter_names(graph: NetworkGraph) -> list[str]:
    """Weights in the order of the edges, then biases in the order of the nodes."""
    biases = [group.bias for group in graph.groups if group.bias is not None]
    return [*graph.parts, *biases]


def flat_parameters(
    graph: NetworkGraph, params: Mapping[str, Tensor]
) -> list[Float[Tensor, "*batch _"]]:
    """Each parameter as one axis, behind the axes of the batch."""
    shapes = graph.parameter_shapes
    return [params[n].flatten(-len(shapes[n])) for n in parameter_names(graph)]

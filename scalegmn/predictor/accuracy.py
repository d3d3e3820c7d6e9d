"""A predictor of a network's accuracy from its parameters."""

from collections.abc import Mapping

from jaxtyping import Bool, Float
from torch import Tensor, nn

from scalegmn.graph import NetworkGraph, check_range
from scalegmn.metanetwork import Functional
from scalegmn.predictor.reader_config import ReaderConfig


class AccuracyPredictor(nn.Module):
    r"""The accuracy of a network, read off its parameters: :math:`\sigma(f(G, \theta))`.

    Differentiable in the parameters θ, one network or a batch of networks.

    >>> predictor = load_predictor("predictor.safetensors")
    >>> graph = NetworkGraph.from_module(net, torch.zeros(1, 1, 32, 32))
    >>> accuracy = predictor(graph, dict(net.named_parameters()))

    Args:
        recipe: config of the reader.
        graph: an architecture with the layers of all that will be read.

    Attributes:
        reader: the module that does the reading.
        trained_on: training data by its file's metadata; ``None`` for a new one.
        splits: of all networks that it was trained on: the zoo that was split (``zoo``), and how
            (``by``).
    """

    def __init__(self, recipe: ReaderConfig, graph: NetworkGraph) -> None:
        super().__init__()
        self.recipe = recipe
        self.graph = graph
        self.reader = recipe.build(graph)
        self.trained_on: str | None = None
        self.splits: list[dict[str, str]] = []

    def forward(
        self,
        graph: NetworkGraph,
        params: Mapping[str, Tensor],
        sign: Bool[Tensor, " batch"] | None = None,
    ) -> Float[Tensor, "*batch"]:
        """A fraction per network.

        Args:
            graph: the architecture; its own or one that differs in what the reader does not need.
            params: of one network or, with a leading axis, of a batch.
            sign: networks whose hidden units may change their sign (tanh) and not their size;
                where activations do not differ in the batch, the graph knows.

        Raises:
            ValueError: if the reader cannot read networks of this graph.
        """
        return self.logit(graph, params, sign).sigmoid()

    def logit(
        self,
        graph: NetworkGraph,
        params: Mapping[str, Tensor],
        sign: Bool[Tensor, " batch"] | None = None,
    ) -> Float[Tensor, "*batch"]:
        """The logit of :meth:`forward`."""
        self.check(graph)
        by_node = None if sign is None else sign.unsqueeze(-1).expand(-1, graph.num_nodes)
        return self.reader(graph, params, by_node).squeeze(-1)

    def check_range(self, graph: NetworkGraph, params: Mapping[str, Tensor]) -> None:
        """Raise ``ValueError`` if parameters are too large for the reader, or not finite.

        See :func:`scalegmn.graph.check_range`; it costs as much as reading the network, so that
        reading does not repeat it.
        """
        rounds = len(self.reader.gnn.layers) if isinstance(self.reader, Functional) else 0
        check_range(graph, params, rounds)

    def check(self, graph: NetworkGraph) -> None:
        """Raise ``ValueError`` if the reader cannot read networks of this graph."""
        if graph is self.graph:
            return
        needed, found = self.recipe.reads(self.graph), self.recipe.reads(graph)
        if found != needed:
            raise ValueError(f"this predictor reads networks with {needed}; got one with {found}")

"""A reader that is a metanetwork."""

from collections.abc import Callable
from dataclasses import dataclass, field

from scalegmn.arguments import check_whole
from scalegmn.graph import NetworkGraph, Role
from scalegmn.graph.groups import POSITIVE, SIGN
from scalegmn.metanetwork import Functional
from scalegmn.nn import (
    Architecture,
    Bidirectional,
    BidirectionalInverse,
    Broken,
    Hetero,
    Permutation,
)
from scalegmn.nn.readout import Readout
from scalegmn.predictor.reader_config import ReaderConfig
from scalegmn.readout import last_layer


@dataclass(frozen=True)
class Metanetwork(ReaderConfig):
    """A ScaleGMN or, with the symmetry of permutations only, a plain GMN.

    It reads hidden layers of any width.

    Attributes:
        arch: the metanetwork's architecture.
        readout: one of :mod:`scalegmn.readout`.

    Raises:
        ValueError: if a size of the architecture is not above 0.
    """

    arch: Architecture = field(default_factory=Architecture)
    readout: Callable[[NetworkGraph, Architecture, int], Readout] = last_layer

    def __post_init__(self) -> None:
        check_whole("architecture.d", self.arch.d)
        check_whole("architecture.num_layers", self.arch.num_layers)

    @property
    def name(self) -> str:
        kind, direction = self.arch.kind, DIRECTIONS.get(type(self.arch.direction), "forward")
        if isinstance(kind, Broken):
            return f"GMN without symmetry, {direction}"
        if isinstance(kind, Permutation):
            return f"GMN, {direction}"
        return f"ScaleGMN ({type(kind).__name__.lower()}), {direction}"

    def build(self, graph: NetworkGraph, d_out: int = 1) -> Functional:
        return Functional(graph, self.arch, readout=self.readout, d_out=d_out)

    def least_parameters(self, graph: NetworkGraph) -> int:
        ends = sum(group.size for group in graph.groups if group.role is not Role.HIDDEN)
        # Each layer has a square matrix, and each input and output node an encoding.
        return max(self.arch.num_layers * self.arch.d**2, ends * self.arch.d)

    def reads(self, graph: NetworkGraph) -> str:
        size = {role: sum(g.size for g in graph.groups if g.role is role) for role in Role}
        hidden = sum(group.role is Role.HIDDEN for group in graph.groups)
        joined = " ".join(f"{block.source}-{block.target}" for block in graph.blocks)
        return (
            f"{size[Role.INPUT]} input channels, {hidden} hidden layers, {size[Role.OUTPUT]} "
            f"outputs, kernels of at most {graph.edge_dim} weights (layers {joined})"
        )

    def admits(self, sign: bool) -> bool:
        return self.arch.kind.admits(SIGN if sign else POSITIVE)

    @property
    def reads_activations(self) -> bool:
        return isinstance(self.arch.kind, Hetero)


DIRECTIONS = {Bidirectional: "bidirectional", BidirectionalInverse: "bidirectional inverse"}

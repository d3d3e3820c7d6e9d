"""A metanetwork as a reader."""

from collections.abc import Callable
from dataclasses import dataclass, field

from scalegmn.graph import NetworkGraph, Role
from scalegmn.graph.groups import POSITIVE, SIGN
from scalegmn.metanetwork import Functional
from scalegmn.nn import Architecture, Bidirectional, BidirectionalInverse, Hetero, Permutation
from scalegmn.nn.readout import Readout
from scalegmn.predictor.recipe import Recipe
from scalegmn.readout import last_layer


@dataclass(frozen=True)
class Metanetwork(Recipe):
    """A ScaleGMN or, with the symmetry of permutations only, a plain GMN.

    It reads hidden layers of any width.

    Attributes:
        arch: the metanetwork's architecture.
        readout: one of :mod:`scalegmn.readout`.
    """

    arch: Architecture = field(default_factory=Architecture)
    readout: Callable[[NetworkGraph, Architecture, int], Readout] = last_layer

    @property
    def name(self) -> str:
        kind, direction = self.arch.kind, DIRECTIONS.get(type(self.arch.direction), "forward")
        if isinstance(kind, Permutation):
            return f"GMN, {direction}"
        return f"ScaleGMN ({type(kind).__name__.lower()}), {direction}"

    def build(self, graph: NetworkGraph) -> Functional:
        return Functional(graph, self.arch, readout=self.readout)

    def reads(self, graph: NetworkGraph) -> str:
        size = {role: sum(g.size for g in graph.groups if g.role is role) for role in Role}
        hidden = sum(group.role is Role.HIDDEN for group in graph.groups)
        joined = " ".join(f"{block.source}-{block.target}" for block in graph.blocks)
        return (
            f"{size[Role.INPUT]} input channels, {hidden} hidden layers, {size[Role.OUTPUT]} "
            f"outputs, kernels of at most {graph.taps} weights (layers {joined})"
        )

    def admits(self, sign: bool) -> bool:
        return self.arch.kind.admits(SIGN if sign else POSITIVE)

    @property
    def reads_activations(self) -> bool:
        return isinstance(self.arch.kind, Hetero)


DIRECTIONS = {Bidirectional: "bidirectional", BidirectionalInverse: "bidirectional inverse"}

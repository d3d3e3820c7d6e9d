"""Collect what a forward pass shows of a network's nodes."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from scalegmn.graph.groups import ANY_FACTOR, Freedom
from scalegmn.graph.signal import ZERO, Nodes, is_input


@dataclass(frozen=True)
class Weight:
    """A parameter that joins nodes, or a rectangle of whole rows of one.

    Attributes:
        name: of the parameter.
        shape: of these rows.
        row: the first of them.
        outputs: the node of each row.
        inputs: the node of each column; on a diagonal, the source of each row; empty for a bias.
        diagonal: each row reads one node.
    """

    name: str
    shape: tuple[int, ...]
    row: int
    outputs: Nodes
    inputs: Nodes = ()
    diagonal: bool = False


@dataclass
class Ledger:
    """The nodes of a network while its forward pass is followed.

    Attributes:
        names: of the nodes that layers make: the layer's.
        weights: parameters in the order of the calls; a layer's bias follows its weight.
        orders: sequences in which nodes follow one another, for layers that read or write them.
        freedom: of each node whose freedom is limited.
        fixed: nodes whose number the module's code depends on.
        gates: pairs of nodes, the first of which multiplies the second.
        ties: pairs of sequences whose nodes are permuted together.
    """

    names: list[str] = field(default_factory=list)
    weights: list[Weight] = field(default_factory=list)
    orders: list[Nodes] = field(default_factory=list)
    freedom: dict[int, Freedom] = field(default_factory=dict)
    fixed: set[int] = field(default_factory=set)
    gates: list[tuple[int, int]] = field(default_factory=list)
    ties: list[tuple[Nodes, Nodes]] = field(default_factory=list)
    parents: dict[int, int] = field(default_factory=dict)

    def new(self, size: int, name: str) -> Nodes:
        """So many new nodes."""
        first = len(self.names)
        self.names += [name] * size
        return tuple(range(first, first + size))

    def restrict(self, nodes: Iterable[int], freedom: Freedom) -> None:
        """Intersect the freedom of nodes with that of an operation."""
        if freedom != ANY_FACTOR:
            for node in {*nodes} - {ZERO}:
                self.freedom[node] = self.freedom.get(node, ANY_FACTOR) & freedom

    def unite(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Make each pair of nodes one: what is added shares its factor and its place."""
        for pair in pairs:
            first, second = sorted(self.find(node) for node in pair)
            if first != second:
                self.parents[second] = first

    def find(self, node: int) -> int:
        """The node that stands for all that are one with this."""
        while node in self.parents:
            node = self.parents[node]
        return node

    def united(self, nodes: Iterable[int]) -> Nodes:
        """The nodes that stand for these."""
        return tuple(self.find(node) for node in nodes)

    def freedom_of(self) -> dict[int, Freedom]:
        """The freedom of each node that stands for others; inputs have none."""
        found: dict[int, Freedom] = {}
        for node, freedom in self.freedom.items():
            if not is_input(node):
                own = self.find(node)
                found[own] = found.get(own, ANY_FACTOR) & freedom
        return found

"""Edges that a layer computes together: how node terms get to them, and sums get back."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from jaxtyping import Int
from torch import Tensor

from scalegmn.graph.groups import Role
from scalegmn.nn.execution.sums import AxisSum, IndexSum, Sum

Index = slice | Tensor


class Ends(NamedTuple):
    """What a layer's edge functions have to know about a band.

    Attributes:
        roles: of source and target nodes.
        at_source: sums at sources.
        at_target: sums at targets.
        updated: new edge features are read.
    """

    roles: tuple[Role, Role]
    at_source: Sum
    at_target: Sum
    updated: bool


OnEdges = Callable[[Ends, tuple[Tensor, ...], Any, Any], Any]


class Piece(NamedTuple):
    """What one band contributes: sums at some nodes, and its new edges."""

    to_target: tuple[slice, Tensor] | None
    to_source: tuple[slice, Tensor] | None
    edges: tuple[Tensor, ...]


class Gathered(NamedTuple):
    """What a band reads, shaped so that edges and node terms broadcast against each other."""

    edges: tuple[Any, ...]
    source: Any
    target: Any


class Band(ABC):
    """Edges from nodes of one role to nodes of one role.

    Attributes:
        updated: where the new edge features lie; None if nobody reads them.
        ends: what edge functions have to know.
    """

    updated: slice | None
    ends: Ends

    @abstractmethod
    def gather(self, edges: tuple[Any, ...], source: Any, target: Any) -> Gathered:
        """The band's own edges, and node terms at their ends."""

    @abstractmethod
    def compute(self, on_edges: OnEdges, gathered: Gathered) -> Piece:
        """Run the edge functions, which sum the messages."""

    def run(self, on_edges: OnEdges, edges: tuple[Tensor, ...], source: Any, target: Any) -> Piece:
        """Gather and compute."""
        return self.compute(on_edges, self.gather(edges, source, target))


@dataclass(frozen=True, eq=False)
class BlockBand(Band):
    """Rows of a dense block: a gather is a broadcast view, a sum over edges is one over an axis.

    Attributes:
        roles: of source and target nodes.
        edges: the band's edges.
        updated: see :class:`Band`.
        source: nodes of the source group.
        target: nodes of the target group.
    """

    roles: tuple[Role, Role]
    edges: slice
    updated: slice | None
    source: slice
    target: slice
    ends: Ends = field(init=False)

    def __post_init__(self) -> None:
        n_out, n_in = self.shape
        ends = Ends(self.roles, AxisSum(1, n_out), AxisSum(2, n_in), self.updated is not None)
        object.__setattr__(self, "ends", ends)

    @property
    def shape(self) -> tuple[int, int]:
        """Targets and sources."""
        return self.target.stop - self.target.start, self.source.stop - self.source.start

    def gather(self, edges: tuple[Any, ...], source: Any, target: Any) -> Gathered:
        return Gathered(
            spread(lambda e: e[:, self.edges].unflatten(1, self.shape), edges),  # b o i d
            spread(lambda x: x[:, self.source].unsqueeze(1), source),  # b 1 i d
            spread(lambda x: x[:, self.target].unsqueeze(2), target),  # b o 1 d
        )

    def compute(self, on_edges: OnEdges, gathered: Gathered) -> Piece:
        result = on_edges(self.ends, *gathered)
        return Piece(
            None if result.to_target is None else (self.target, result.to_target),
            None if result.to_source is None else (self.source, result.to_source),
            tuple(e.flatten(1, 2) for e in result.edges),
        )

    def split(self, most: int) -> list["BlockBand"]:
        """The same edges in bands of whole rows, of at most ``most`` edges where a row allows."""
        n_out, n_in = self.shape
        rows = max(1, most // n_in)
        parts = []
        for first in range(0, n_out, rows):
            last = min(first + rows, n_out)
            target = part(self.target, first, last)
            edges = part(self.edges, first * n_in, last * n_in)
            updated = self.updated and part(self.updated, first * n_in, last * n_in)
            parts.append(replace(self, edges=edges, updated=updated, target=target))
        return parts


@dataclass(frozen=True, eq=False)
class IndexBand(Band):
    """Any edges: gathered by index and summed by scatter.

    Serves graphs without dense blocks, and dense graphs so small that the number of operations
    counts and not their size.

    Attributes:
        roles: of source and target nodes.
        edges: which edges.
        updated: see :class:`Band`.
        edge_index: source and target node of each.
        sources: nodes among which all sources are.
        targets: nodes among which all targets are.
    """

    roles: tuple[Role, Role]
    edges: Index
    updated: slice | None
    edge_index: Int[Tensor, "2 edge"]
    sources: slice
    targets: slice
    ends: Ends = field(init=False)

    def gather(self, edges: tuple[Any, ...], source: Any, target: Any) -> Gathered:
        return Gathered(
            spread(lambda e: take(e, self.edges, 1), edges),
            spread(lambda x: x.index_select(1, self.edge_index[0]), source),
            spread(lambda x: x.index_select(1, self.edge_index[1]), target),
        )

    def compute(self, on_edges: OnEdges, gathered: Gathered) -> Piece:
        result = on_edges(self.ends, *gathered)
        return Piece(
            None if result.to_target is None else (self.targets, result.to_target),
            None if result.to_source is None else (self.sources, result.to_source),
            result.edges,
        )

    def __post_init__(self) -> None:
        at_source = _index_sum(self.edge_index[0], self.sources)
        at_target = _index_sum(self.edge_index[1], self.targets)
        ends = Ends(self.roles, at_source, at_target, self.updated is not None)
        object.__setattr__(self, "ends", ends)


def take(x: Tensor, index: Index, dim: int) -> Tensor:
    """Entries along one axis; a view where the index is a slice."""
    if isinstance(index, slice):
        return x.narrow(dim, index.start, index.stop - index.start)
    return x.index_select(dim, index)


def spread(gather: Callable[[Tensor], Tensor], terms: Any) -> Any:
    """Gather every tensor of a nest of node terms."""
    if isinstance(terms, Tensor):
        return gather(terms)
    if terms is None:
        return None
    parts = [spread(gather, part) for part in terms]
    # Faster than the general tree_map, which small graphs feel.
    return type(terms)(*parts) if hasattr(terms, "_fields") else type(terms)(parts)


def part(whole: slice, first: int, last: int) -> slice:
    """A part of a range, counted from its start."""
    return slice(whole.start + first, whole.start + last)


def _index_sum(index: Tensor, nodes: slice) -> IndexSum:
    return IndexSum.over(index - nodes.start, nodes.stop - nodes.start)

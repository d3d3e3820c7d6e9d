"""Edges from each node of one group to its counterpart in another."""

from dataclasses import dataclass, field, replace
from typing import Any

from scalegmn.graph.groups import Role
from scalegmn.nn.execution.bands import Band, Ends, Gathered, OnEdges, Piece, part, spread
from scalegmn.nn.execution.sums import NoSum


@dataclass(frozen=True, eq=False)
class DiagonalBand(Band):
    """Edges from node i to node i of two groups: a gather is a slice, and nothing is summed.

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
        ends = Ends(self.roles, NoSum(), NoSum(), self.updated is not None)
        object.__setattr__(self, "ends", ends)

    def gather(self, edges: tuple[Any, ...], source: Any, target: Any) -> Gathered:
        return Gathered(
            spread(lambda e: e[:, self.edges], edges),
            spread(lambda x: x[:, self.source], source),
            spread(lambda x: x[:, self.target], target),
        )

    def compute(self, on_edges: OnEdges, gathered: Gathered) -> Piece:
        result = on_edges(self.ends, *gathered)
        return Piece(
            None if result.to_target is None else (self.target, result.to_target),
            None if result.to_source is None else (self.source, result.to_source),
            result.edges,
        )

    def split(self, most: int) -> list["DiagonalBand"]:
        """The same edges in bands of at most ``most``."""
        count, parts = self.edges.stop - self.edges.start, []
        for first in range(0, count, most):
            last = min(first + most, count)
            places = (self.edges, self.source, self.target)
            edges, source, target = (part(place, first, last) for place in places)
            updated = self.updated and part(self.updated, first, last)
            parts.append(replace(self, edges=edges, updated=updated, source=source, target=target))
        return parts

"""A layer's edges as rows, with the nodes at their ends."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from scalegmn.graph.groups import Role
from scalegmn.nn.execution.bands import Band, BlockBand, Index, IndexBand
from scalegmn.nn.execution.diagonal_band import DiagonalBand

SHAPES = (BlockBand, DiagonalBand, IndexBand)


@dataclass(frozen=True, eq=False)
class LayerIndex:
    """The edges of one layer.

    Attributes:
        source: node at the start of each edge that is computed.
        target: node at its end.
        edges: where the computed edges lie among the stored ones.
        kept: where the updated edges lie among the computed ones; None if nobody reads them.
        into: computed edges by the role of their targets.
        nodes: nodes by role.
    """

    source: Int[Tensor, " edge"]
    target: Int[Tensor, " edge"]
    edges: slice
    kept: slice | None
    into: tuple[tuple[Role, slice], ...]
    nodes: dict[Role, slice]

    @property
    def num_nodes(self) -> int:
        return max(rows.stop for rows in self.nodes.values())

    def parts(self, roles: Sequence[Role]) -> list[tuple[Role, slice]]:
        """The rows of each role where only nodes of these roles are left."""
        parts, first = [], 0
        for role in roles:
            last = first + self.nodes[role].stop - self.nodes[role].start
            parts.append((role, slice(first, last)))
            first = last
        return parts

    def rows(self, x: Tensor, roles: Sequence[Role]) -> Tensor:
        """The nodes of some roles."""
        if len(roles) == len(self.nodes):
            return x
        return torch.cat([x[self.nodes[role]] for role in roles])

    def all_rows(self, x: Tensor, roles: Sequence[Role]) -> Tensor:
        """The inverse of :meth:`rows`, zeros at other nodes."""
        if len(roles) == len(self.nodes):
            return x
        everywhere = x.new_zeros(self.num_nodes, x.shape[1])
        for role, rows in self.parts(roles):
            everywhere[self.nodes[role]] = x[rows]
        return everywhere


def layer_index(
    bands: Sequence[Band], nodes: dict[Role, Index], device: torch.device
) -> LayerIndex | None:
    """The index of a layer's bands; None where edges or nodes do not lie side by side."""
    ranges = {role: place for role, place in nodes.items() if isinstance(place, slice)}
    if len(ranges) < len(nodes) or not bands or not _adjacent(list(ranges.values())):
        return None
    places = [band.edges for band in bands if isinstance(band, SHAPES)]
    edges = [place for place in places if isinstance(place, slice)]
    if len(edges) < len(bands) or not _adjacent(edges):
        return None
    start = edges[0].start
    computed = [slice(place.start - start, place.stop - start) for place in edges]
    updated = [c for c, band in zip(computed, bands, strict=True) if band.updated is not None]
    if not _adjacent(updated):
        return None
    source, target = torch.cat([_ends(band).to(device) for band in bands], dim=1).unbind(0)
    return LayerIndex(
        source,
        target,
        slice(start, edges[-1].stop),
        slice(updated[0].start, updated[-1].stop) if updated else None,
        tuple((band.ends.roles[1], c) for c, band in zip(computed, bands, strict=True)),
        ranges,
    )


def _adjacent(parts: Sequence[slice]) -> bool:
    return all(a.stop == b.start for a, b in zip(parts, parts[1:], strict=False))


def _ends(band: Band) -> Int[Tensor, "2 edge"]:
    if isinstance(band, IndexBand):
        return band.edge_index
    assert isinstance(band, BlockBand | DiagonalBand)
    source = torch.arange(band.source.start, band.source.stop)
    target = torch.arange(band.target.start, band.target.stop)
    if isinstance(band, DiagonalBand):
        return torch.stack([source, target])
    return torch.stack([source.repeat(len(target)), target.repeat_interleave(len(source))])

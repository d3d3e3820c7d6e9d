"""How the nodes and edges of a batch of networks lie in memory, and how layers sweep over them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Int
from torch import Tensor
from torch.utils._pytree import tree_map

from scalegmn.graph.groups import Role
from scalegmn.graph.network_graph import NetworkGraph

if TYPE_CHECKING:
    from torch_geometric.data import Data

Index = slice | Tensor
OnEdges = Callable[[tuple[Role, Role], tuple[Tensor, ...], Any, Any], Any]


class Swept(NamedTuple):
    """The result of a sweep: messages summed at nodes, and the new edge features."""

    to_target: Tensor
    to_source: Tensor
    edges: tuple[Tensor, ...]


class Piece(NamedTuple):
    """What one band contributes: sums at some nodes, and its new edges."""

    to_target: tuple[slice, Tensor] | None
    to_source: tuple[slice, Tensor] | None
    edges: tuple[Tensor, ...]


class Band(ABC):
    """Edges from nodes of one role to nodes of one role, computed together."""

    @abstractmethod
    def run(self, on_edges: OnEdges, edges: tuple[Tensor, ...], source: Any, target: Any) -> Piece:
        """Gather node terms at the edges, compute, and sum the messages."""


@dataclass(frozen=True, eq=False)
class BlockBand(Band):
    """One dense block: a gather is a broadcast, a sum over edges is a sum over an axis.

    Attributes:
        roles: of source and target nodes.
        edges: the block's edges.
        source: nodes of the source group.
        target: nodes of the target group.
    """

    roles: tuple[Role, Role]
    edges: slice
    source: slice
    target: slice

    def run(self, on_edges: OnEdges, edges: tuple[Tensor, ...], source: Any, target: Any) -> Piece:
        n_out = self.target.stop - self.target.start
        n_in = self.source.stop - self.source.start
        at_source = _gather(lambda x: x[:, self.source].unsqueeze(1), source)  # b 1 i d
        at_target = _gather(lambda x: x[:, self.target].unsqueeze(2), target)  # b o 1 d
        dense = tuple(e[:, self.edges].unflatten(1, (n_out, n_in)) for e in edges)
        result = on_edges(self.roles, dense, at_source, at_target)
        return Piece(
            None if result.to_target is None else (self.target, result.to_target.sum(2)),
            None if result.to_source is None else (self.source, result.to_source.sum(1)),
            tuple(e.flatten(1, 2) for e in result.edges),
        )


@dataclass(frozen=True, eq=False)
class IndexBand(Band):
    """Any edges: gathered by index and summed by scatter.

    Serves graphs without dense blocks, and dense graphs so small that the number of operations
    counts and not their size.

    Attributes:
        roles: of source and target nodes.
        edges: which edges.
        edge_index: source and target node of each.
        sources: nodes among which all sources are.
        targets: nodes among which all targets are.
    """

    roles: tuple[Role, Role]
    edges: Index
    edge_index: Int[Tensor, "2 edge"]
    sources: slice
    targets: slice

    def run(self, on_edges: OnEdges, edges: tuple[Tensor, ...], source: Any, target: Any) -> Piece:
        at_source = _gather(lambda x: x.index_select(1, self.edge_index[0]), source)
        at_target = _gather(lambda x: x.index_select(1, self.edge_index[1]), target)
        chosen = tuple(_take(e, self.edges, 1) for e in edges)
        result = on_edges(self.roles, chosen, at_source, at_target)
        return Piece(
            _sum(result.to_target, self.edge_index[1], self.targets),
            _sum(result.to_source, self.edge_index[0], self.sources),
            result.edges,
        )


@dataclass(frozen=True, eq=False)
class Layout:
    """Where everything lies.

    Attributes:
        bands: cover the edges.
        num_nodes: nodes of one item of the batch.
        role_nodes: the nodes of each role.
        node_types: index into the nodes' positional encodings.
        edge_types: index into the edges' positional encodings.
        sign: nodes whose freedom is a sign, ``(batch or 1, node, 1)``; None if nobody asks.
        edge_order: puts the bands' edges, one after the other, back into the order of the edges.
        num_graphs: networks that lie side by side along the node axis.
        graph_of: the network of each node, where there are several.
    """

    bands: tuple[Band, ...]
    num_nodes: int
    role_nodes: dict[Role, Index]
    node_types: Int[Tensor, " node"]
    edge_types: Int[Tensor, " edge"]
    sign: Bool[Tensor, "batch node 1"] | None
    edge_order: Int[Tensor, " edge"] | None = None
    num_graphs: int = 1
    graph_of: Int[Tensor, " node"] | None = None

    def nodes(self, x: Tensor, role: Role) -> Tensor:
        """The rows of one role; the node axis is the last but one."""
        return _take(x, self.role_nodes[role], x.ndim - 2)

    def join(self, by_role: dict[Role, Tensor]) -> Tensor:
        """The inverse of :meth:`nodes`, for all roles together."""
        parts = [by_role[role] for role in self.role_nodes]
        joined = torch.cat(parts, dim=-2)
        indices = list(self.role_nodes.values())
        if all(isinstance(i, slice) for i in indices):
            return joined
        order = torch.cat([i for i in indices if isinstance(i, Tensor)]).argsort()
        return joined.index_select(-2, order)

    def sweep(
        self, on_edges: OnEdges, edges: tuple[Tensor, ...], source: Any, target: Any
    ) -> Swept:
        """Run a layer's edge functions over all bands."""
        pieces = [band.run(on_edges, edges, source, target) for band in self.bands]
        template = edges[0]
        streams = zip(*(piece.edges for piece in pieces), strict=True)
        joined = [torch.cat(stream, dim=1) for stream in streams]
        if self.edge_order is not None:
            joined = [e.index_select(1, self.edge_order) for e in joined]
        return Swept(
            self._collect([p.to_target for p in pieces], template),
            self._collect([p.to_source for p in pieces], template),
            tuple(joined),
        )

    def _collect(self, pieces: Sequence[tuple[slice, Tensor] | None], template: Tensor) -> Tensor:
        """Sums at all nodes, zero where nothing arrives."""
        arrived = sorted((p for p in pieces if p is not None), key=lambda piece: piece[0].start)
        if any(a.stop > b.start for (a, _), (b, _) in pairwise(arrived)):
            whole = self._nothing(template, self.num_nodes)
            for nodes, values in arrived:
                whole = whole + F.pad(values, (0, 0, nodes.start, self.num_nodes - nodes.stop))
            return whole
        parts, last = [], 0
        for nodes, values in arrived:
            parts += [self._nothing(template, nodes.start - last), values]
            last = nodes.stop
        parts.append(self._nothing(template, self.num_nodes - last))
        return torch.cat([part for part in parts if part.shape[1]], dim=1)

    def _nothing(self, template: Tensor, num_nodes: int) -> Tensor:
        return template.new_zeros(template.shape[0], num_nodes, template.shape[-1])

    def flat(self, rows: Tensor) -> Tensor:
        """The rows of one role, side by side for each network: (network, row * d)."""
        return rows.reshape(rows.shape[0] * self.num_graphs, -1)

    def pool(self, rows: Tensor, role: Role) -> Tensor:
        """The sum of the rows of one role over each network: (network, d)."""
        if self.graph_of is None:
            return rows.sum(1)
        graph = self.nodes(self.graph_of.unsqueeze(-1), role).squeeze(-1)
        return _scatter(rows, graph, self.num_graphs).flatten(0, 1)


def _scatter(rows: Tensor, index: Tensor, size: int) -> Tensor:
    return rows.new_zeros(rows.shape[0], size, rows.shape[2]).index_add(1, index, rows)


def _sum(messages: Tensor | None, index: Tensor, nodes: slice) -> tuple[slice, Tensor] | None:
    if messages is None:
        return None
    return nodes, _scatter(messages, index - nodes.start, nodes.stop - nodes.start)


def _gather(take: Callable[[Tensor], Tensor], terms: Any) -> Any:
    return tree_map(lambda x: None if x is None else take(x), terms)


def _take(x: Tensor, index: Index, dim: int) -> Tensor:
    if isinstance(index, slice):
        return x.narrow(dim, index.start, index.stop - index.start)
    return x.index_select(dim, index)


@lru_cache(maxsize=64)
def dense_layout(
    graph: NetworkGraph, device: torch.device, *, both_ways: bool, merged: bool
) -> Layout:
    """The layout of any number of networks of one architecture, along the batch axis.

    Args:
        graph: the architecture.
        device: of the features.
        both_ways: messages go against the edges, too, so that the roles of sources matter.
        merged: compute successive blocks together, by index, where their roles agree.
    """
    runs = _runs(graph, both_ways) if merged else [[k] for k in range(len(graph.blocks))]
    role_nodes: dict[Role, Index] = {}
    for role in Role:
        own = [s for s, g in zip(graph.node_slices, graph.groups, strict=True) if g.role is role]
        if own:
            role_nodes[role] = slice(own[0].start, own[-1].stop)
    return Layout(
        tuple(_band(graph, run, device) for run in runs),
        graph.num_nodes,
        role_nodes,
        graph.node_types.to(device),
        graph.edge_types.to(device),
        graph.sign_nodes.to(device)[None, :, None],
    )


def _roles(graph: NetworkGraph, block: int) -> tuple[Role, Role]:
    ends = graph.blocks[block]
    return graph.groups[ends.source].role, graph.groups[ends.target].role


def _runs(graph: NetworkGraph, both_ways: bool) -> list[list[int]]:
    """Successive blocks whose edges are computed by the same functions."""

    def functions(block: int) -> tuple[Role, ...]:
        return _roles(graph, block) if both_ways else _roles(graph, block)[1:]

    return [list(run) for _, run in groupby(range(len(graph.blocks)), functions)]


def _band(graph: NetworkGraph, run: list[int], device: torch.device) -> Band:
    roles = _roles(graph, run[0])
    edges = slice(graph.edge_slices[run[0]].start, graph.edge_slices[run[-1]].stop)
    sources = [graph.node_slices[graph.blocks[k].source] for k in run]
    targets = [graph.node_slices[graph.blocks[k].target] for k in run]
    if len(run) == 1:
        return BlockBand(roles, edges, sources[0], targets[0])
    edge_index = graph.edge_index[:, edges].to(device)
    return IndexBand(roles, edges, edge_index, _hull(sources), _hull(targets))


def _hull(parts: Sequence[slice]) -> slice:
    return slice(min(p.start for p in parts), max(p.stop for p in parts))


def pyg_layout(data: "Data") -> Layout:
    """The layout of a ``Data`` or ``Batch`` with the fields of ``NetworkGraph.to_pyg``."""
    roles, edge_index = data.node_role, data.edge_index
    bands, edges_of, everywhere = [], [], slice(0, len(roles))
    for source in Role:
        for target in Role:
            chosen = (roles[edge_index[0]] == source) & (roles[edge_index[1]] == target)
            edges = chosen.nonzero().squeeze(1)
            if len(edges):
                ends = edge_index[:, edges]
                bands.append(IndexBand((source, target), edges, ends, everywhere, everywhere))
                edges_of.append(edges)
    return Layout(
        tuple(bands),
        len(roles),
        {r: (roles == r).nonzero().squeeze(1) for r in Role if (roles == r).any()},
        data.node_type,
        data.edge_type,
        data.sign_node[None, :, None],
        torch.cat(edges_of).argsort(),
        getattr(data, "num_graphs", 1),
        getattr(data, "batch", None),
    )

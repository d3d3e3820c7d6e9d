"""How the nodes and edges of a batch of networks lie in memory, and how layers sweep over them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Int
from torch import Tensor

from scalegmn.graph.groups import Role
from scalegmn.graph.network_graph import NetworkGraph
from scalegmn.nn.bands import Band, BlockBand, Index, IndexBand, OnEdges, take
from scalegmn.nn.recompute import sweep
from scalegmn.nn.sums import scatter

if TYPE_CHECKING:
    from torch_geometric.data import Data


class Swept(NamedTuple):
    """The result of a sweep: messages summed at nodes, and the new edge features."""

    to_target: Tensor | None
    to_source: Tensor | None
    edges: tuple[Tensor, ...]


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
        recompute: the graph is so big that its sweeps keep nothing for the backward pass.
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
    recompute: bool = False

    def nodes(self, x: Tensor, role: Role) -> Tensor:
        """The rows of one role; the node axis is the last but one."""
        return take(x, self.role_nodes[role], x.ndim - 2)

    def join(self, by_role: dict[Role, Tensor]) -> Tensor:
        """The inverse of :meth:`nodes`, for all roles together."""
        parts = [by_role[role] for role in self.role_nodes]
        joined = torch.cat(parts, dim=-2)
        indices = list(self.role_nodes.values())
        if all(isinstance(i, slice) for i in indices):
            return joined
        everyone = torch.arange(self.num_nodes, device=joined.device)
        order = torch.cat([take(everyone, index, 0) for index in indices]).argsort()
        return joined.index_select(-2, order)

    def sweep(
        self,
        on_edges: OnEdges,
        params: Sequence[Tensor],
        edges: tuple[Tensor, ...],
        source: Any,
        target: Any,
    ) -> Swept:
        """Run a layer's edge functions over all bands.

        Args:
            on_edges: the functions.
            params: what these learn.
            edges: streams of edge features (batch, edge, d).
            source: node terms that are gathered at sources.
            target: node terms that are gathered at targets.
        """
        if self.recompute:
            blocks = cast(tuple[BlockBand, ...], self.bands)
            swept = sweep(blocks, on_edges, params, edges, source, target)
            return Swept(*swept)
        pieces = [band.run(on_edges, edges, source, target) for band in self.bands]
        streams = zip(*(piece.edges for piece in pieces), strict=True)
        joined = [torch.cat(stream, dim=1) for stream in streams]
        if self.edge_order is not None:
            joined = [e.index_select(1, self.edge_order) for e in joined]
        return Swept(
            self._collect([p.to_target for p in pieces if p.to_target]),
            self._collect([p.to_source for p in pieces if p.to_source]),
            tuple(joined),
        )

    def _collect(self, arrived: list[tuple[slice, Tensor]]) -> Tensor | None:
        """Sums at all nodes, zero where nothing arrives."""
        if not arrived:
            return None
        arrived.sort(key=lambda piece: piece[0].start)
        template = arrived[0][1]
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
        return scatter(rows, graph, self.num_graphs).flatten(0, 1)


@lru_cache(maxsize=64)
def dense_layout(
    graph: NetworkGraph, device: torch.device, *, both_ways: bool, merged: bool, recompute: bool
) -> Layout:
    """The layout of any number of networks of one architecture, along the batch axis.

    Args:
        graph: the architecture.
        device: of the features.
        both_ways: messages go against the edges, too, so that the roles of sources matter.
        merged: compute successive blocks together, by index, where their roles agree.
        recompute: keep nothing for the backward pass.
    """
    runs = _runs(graph, both_ways) if merged else [[k] for k in range(len(graph.blocks))]
    role_nodes: dict[Role, Index] = {}
    for role in Role:
        nodes = (graph.node_roles == role).nonzero().squeeze(1)
        if len(nodes):
            first, last = int(nodes[0]), int(nodes[-1])
            # Side by side in one network; apart where several architectures are joined.
            apart = last - first + 1 != len(nodes)
            role_nodes[role] = nodes.to(device) if apart else slice(first, last + 1)
    return Layout(
        tuple(_band(graph, run, device) for run in runs),
        graph.num_nodes,
        role_nodes,
        graph.node_types.to(device),
        graph.edge_types.to(device),
        graph.sign_nodes.to(device)[None, :, None],
        recompute=recompute,
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

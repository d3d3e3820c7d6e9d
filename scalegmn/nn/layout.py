"""How a layer's nodes and edges lie in memory, and how it sweeps over them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple, cast

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Int
from torch import Tensor

from scalegmn.graph.groups import Role
from scalegmn.nn.bands import Band, BlockBand, Index, OnEdges, take
from scalegmn.nn.recompute import sweep
from scalegmn.nn.sums import scatter


class Swept(NamedTuple):
    """The result of a sweep: messages summed at nodes, and the new edge features."""

    to_target: Tensor | None
    to_source: Tensor | None
    edges: tuple[Tensor, ...]


@dataclass(frozen=True, eq=False)
class Layout:
    """Where everything lies.

    Attributes:
        bands: cover the edges along which the layer's messages are read.
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
        streams = zip(*(piece.edges for piece in pieces if piece.edges), strict=True)
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

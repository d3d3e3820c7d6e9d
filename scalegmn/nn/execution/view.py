"""What a layer knows of the graphs that it runs on, and how it computes on their edges."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Int
from torch import Tensor, nn

from scalegmn.graph.groups import Role
from scalegmn.nn.execution.bands import Band, BlockBand, Index, Piece, take
from scalegmn.nn.execution.diagonal_band import DiagonalBand
from scalegmn.nn.execution.edge_features import Edges, stored
from scalegmn.nn.execution.fused.index import LayerIndex
from scalegmn.nn.execution.program import EdgeProgram
from scalegmn.nn.execution.recompute import sweep
from scalegmn.nn.execution.sums import scatter
from scalegmn.nn.message import Message, NodeState


class Propagated(NamedTuple):
    """Messages summed at nodes, along and against the edges, and the new edge features."""

    along: Tensor | None
    against: Tensor | None
    edges: tuple[Tensor, ...]


@dataclass(frozen=True, eq=False)
class GraphView:
    """The graphs of a batch, as one layer sees them.

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
        recompute: the graph is so big that nothing on edges is kept for the backward pass.
        index: the layer's edges as rows, where the graph is one small network.
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
    index: LayerIndex | None = None

    def propagate(
        self,
        nodes: NodeState,
        edges: tuple[Edges, ...],
        *,
        msg: Message | None,
        msg_backward: Message | None,
        upd_edges: Iterable[nn.Module],
    ) -> Propagated:
        """The sums of ``message`` at receiving nodes, and the values of edge updates.

        Args:
            nodes: all nodes.
            edges: streams of edge features (batch, edge, d).
            msg: its messages are sent from sources to targets, on the first stream.
            msg_backward: its messages are sent from targets to sources, on the last stream.
            upd_edges: one for each stream; none if edges are not read afterwards.
        """
        features = [stored(e) for e in edges]
        program = EdgeProgram(msg, msg_backward, upd_edges, features[0].embedding)
        terms = program.node_terms(nodes)
        numbers = tuple(e.stored for e in features)
        if self.recompute:
            blocks = cast(tuple[BlockBand | DiagonalBand, ...], self.bands)
            return Propagated(*sweep(blocks, program, program.params, numbers, *terms))
        return self._collect([band.run(program, numbers, *terms) for band in self.bands])

    def nodes(self, x: Tensor, role: Role) -> Tensor:
        """The rows of one role; the node axis is the last but one."""
        return take(x, self.role_nodes[role], x.ndim - 2)

    def signs(self, role: Role) -> Tensor | None:
        """Which nodes of one role have a sign as their freedom."""
        return None if self.sign is None else self.nodes(self.sign, role)

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

    def flat(self, rows: Tensor) -> Tensor:
        """The rows of one role, side by side for each network: (network, row * d)."""
        return rows.reshape(rows.shape[0] * self.num_graphs, -1)

    def pool(self, rows: Tensor, role: Role) -> Tensor:
        """The sum of the rows of one role over each network: (network, d)."""
        if self.graph_of is None:
            return rows.sum(1)
        graph = self.nodes(self.graph_of.unsqueeze(-1), role).squeeze(-1)
        return scatter(rows, graph, self.num_graphs).flatten(0, 1)

    def _collect(self, pieces: Sequence[Piece]) -> Propagated:
        streams = zip(*(piece.edges for piece in pieces if piece.edges), strict=True)
        joined = [torch.cat(stream, dim=1) for stream in streams]
        if self.edge_order is not None:
            joined = [e.index_select(1, self.edge_order) for e in joined]
        return Propagated(
            self._at_nodes([p.to_target for p in pieces if p.to_target]),
            self._at_nodes([p.to_source for p in pieces if p.to_source]),
            tuple(joined),
        )

    def _at_nodes(self, arrived: list[tuple[slice, Tensor]]) -> Tensor | None:
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

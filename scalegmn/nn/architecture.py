"""All choices of a metanetwork, and the parts that they describe."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from torch import nn

from scalegmn.graph.groups import Role
from scalegmn.graph.network_graph import NetworkGraph
from scalegmn.nn.direction import Direction, Forward
from scalegmn.nn.edge_score import edge_score
from scalegmn.nn.edge_update import EdgeUpdate
from scalegmn.nn.io_branch import IOBranch, PlainIO
from scalegmn.nn.kinds import GaugeKind, Kind, Scale
from scalegmn.nn.layer import Layer
from scalegmn.nn.message import Message
from scalegmn.nn.message_factory import MessageFactory
from scalegmn.nn.message_spec import MessageSpec
from scalegmn.nn.node_identity import NodeIdentity
from scalegmn.nn.positional_encoding import (
    Added,
    EdgeEncoding,
    Equivariant,
    Multiplied,
    NodeEncoding,
)
from scalegmn.nn.update import Update
from scalegmn.nn.widths import Widths


@dataclass(frozen=True)
class Architecture:
    """All choices of a ScaleGMN; names of the published configs in brackets.

    Attributes:
        kind: the symmetry of hidden units (``symmetry``).
        direction: of the messages (``direction``).
        io: functions of inputs and outputs (``mlp_on_io``, ``*_num_mlps``).
        d: width of nodes, edges and MLPs (``d_hid``).
        num_layers: rounds of message passing.
        equivariant_encoding: positional encodings through ScaleEq (``equiv_net``).
        sum_on_io: positional encodings are added on inputs and outputs.
        edge_encoding: positional encodings on edges (``edge_pos_embed``).
        positional: positional encodings are an input of MSG and UPD (``pos_embed_msg/upd``).
        skip: linear skip connections of nodes (``gnn_skip_connections``).
        layer_norm: in every MLP.
        dropout: rate on node features after every layer.
        mlp_dropout: rate inside every MLP (``dropout_all``).
        preserve_size: begin with features that keep their size from layer to layer, see
            :func:`~scalegmn.nn.preserve_size.preserve_size`; published networks let it vanish.
        message: a subclass of :class:`~scalegmn.nn.message.Message` for MSG of all layers, or a
            ``functools.partial`` of one with options; None for that of ``kind``.

    Raises:
        ValueError: ``message`` is something else.
    """

    kind: Kind = field(default_factory=Scale)
    direction: Direction = field(default_factory=Forward)
    io: IOBranch = field(default_factory=PlainIO)
    d: int = 128
    num_layers: int = 4
    equivariant_encoding: bool = False
    sum_on_io: bool = True
    edge_encoding: bool = False
    positional: bool = False
    skip: bool = False
    layer_norm: bool = True
    dropout: float = 0.0
    mlp_dropout: float = 0.0
    preserve_size: bool = False
    message: Callable[..., Message] | None = None

    def __post_init__(self) -> None:
        if self.message is not None:
            # A value, so that equal architectures are equal and can be written to files.
            object.__setattr__(self, "message", MessageFactory.of(self.message))

    @property
    def widths(self) -> Widths:
        return Widths(self.d, self.layer_norm, self.mlp_dropout)

    def node_encoding(self, graph: NetworkGraph) -> NodeEncoding:
        """The positional encoding of this graph's nodes."""
        if not self.kind.permutes:
            return NodeIdentity(graph, self.d)
        num_types = int(graph.node_types.max()) + 1
        if not isinstance(self.kind, GaugeKind):
            return Added(num_types, self.d)
        if self.equivariant_encoding:
            function = self.kind.scale_eq(self.widths, [self.d, self.d], self.d)
            return Equivariant(num_types, self.d, function)
        return Multiplied(num_types, self.d, sum_on_io=self.sum_on_io)

    def edge_encoding_of(self, graph: NetworkGraph) -> EdgeEncoding | None:
        """The positional encoding of this graph's edges, if there is one."""
        if not self.edge_encoding:
            return None
        num_types = int(graph.edge_types.max()) + 1
        return EdgeEncoding(num_types, self.d, added=not isinstance(self.kind, GaugeKind))

    def hidden_layer(self, graph: NetworkGraph) -> Layer:
        """A layer after which everything is read."""
        streams = self.direction.num_streams(self.kind)
        updates = [self.kind.edge_update(self.widths, self.d) for _ in range(streams)]
        skip = nn.Linear(self.d, self.d, bias=False) if self.skip else None
        return self._layer(graph, tuple(Role), self.d, updates, skip)

    def last_layer(
        self, graph: NetworkGraph, roles: Sequence[Role], d_node: int, d_edge: int | None
    ) -> Layer:
        """The layer after which only nodes of some roles are read, and edges unless ``None``.

        Without roles it has no messages and no update of nodes.
        """
        # Only features in the edges' own direction are ever an output.
        updates = [] if d_edge is None else [self.kind.edge_update(self.widths, d_edge)]
        skip = None
        if self.skip and d_node == self.d:
            skip = nn.Linear(self.d, self.d, bias=False)
        return self._layer(graph, roles, d_node, updates, skip)

    def scoring_layer(self, graph: NetworkGraph) -> Layer:
        """A last layer without messages, after which an invariant score per weight is read."""
        score = edge_score(self.kind, self.widths, graph.edge_dim)
        return self._layer(graph, (), self.d, [score], None)

    def _layer(
        self,
        graph: NetworkGraph,
        roles: Sequence[Role],
        d_node: int,
        edge_updates: list[EdgeUpdate],
        skip: nn.Linear | None,
    ) -> Layer:
        w, read = self.widths, {g.role for g in graph.groups} & set(roles)
        into = read & {graph.groups[b.target].role for b in graph.blocks}
        out_of = read & {graph.groups[b.source].role for b in graph.blocks}
        backward = self.direction.backward_message(self._message_spec(out_of)) if read else None
        num_parts = 2 if backward is None else 3
        d_in = [num_parts * self.d, self.d] if self.positional else [num_parts * self.d]
        msg = self._message_spec(into).message() if read else None
        functions = self.kind.update(w, self.io, d_in, d_node, read)
        upd = Update(functions, positional=self.positional)
        return Layer(msg, backward, upd=upd, upd_edges=edge_updates, skip=skip)

    def _message_spec(self, roles: set[Role]) -> MessageSpec:
        order = tuple(sorted(roles))
        return MessageSpec(self.kind, self.io, self.widths, order, self.positional, self.message)

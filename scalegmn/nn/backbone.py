"""The layers of a metanetwork, and what they read."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor, nn

from scalegmn.graph.groups import Role
from scalegmn.graph.network_graph import NetworkGraph
from scalegmn.nn.architecture import Architecture
from scalegmn.nn.direction import Forward
from scalegmn.nn.execution.dense import dense_views
from scalegmn.nn.execution.edge_features import EdgeFeatures, Edges
from scalegmn.nn.execution.fused.function import fused
from scalegmn.nn.execution.pyg import pyg_views
from scalegmn.nn.execution.view import GraphView
from scalegmn.nn.layer import Layer
from scalegmn.nn.preserve_size import keep_norm, preserve_size

if TYPE_CHECKING:
    from torch_geometric.data import Data

Nodes = Float[Tensor, "batch node _"]
Kernels = Float[Tensor, "batch edge _"]


class Backbone(nn.Module):
    """INIT, positional encodings and layers: what functional and operator share.

    Args:
        graph: an architecture with the node and edge types of all that will be read.
        arch: the metanetwork's own architecture.
        last: its last layer.
        roles: of the nodes that are read after it.
        edges_read: so are the edges.
    """

    def __init__(
        self,
        graph: NetworkGraph,
        arch: Architecture,
        last: Layer,
        *,
        roles: tuple[Role, ...],
        edges_read: bool,
    ) -> None:
        super().__init__()
        self.roles = roles
        self.edges_read = edges_read
        arch.kind.check(graph)
        self.structure = arch.kind.structure(graph)
        self.arch = arch
        self.init_nodes = nn.Linear(1, arch.d, bias=False)
        self.init_edges = nn.Linear(graph.edge_dim, arch.d, bias=False)
        self.encode_nodes = arch.node_encoding(graph)
        self.encode_edges = arch.edge_encoding_of(graph)
        layers = [arch.hidden_layer(graph) for _ in range(arch.num_layers - 1)]
        self.layers = nn.ModuleList([*layers, last])
        self.dropout = nn.Dropout(arch.dropout)
        if arch.preserve_size:
            preserve_size(self)
            keep_norm(self.init_nodes)
            keep_norm(self.init_edges)

    def forward(
        self, views: Sequence[GraphView], x_V: Nodes, x_E: Kernels, may_fuse: bool = True
    ) -> tuple[dict[Role, Tensor], tuple[Tensor, ...]]:
        """Node features by role, without the dropout of the last layer, and edge features.

        Args:
            views: one per layer.
            x_V: features of nodes.
            x_E: features of edges.
            may_fuse: small graphs may be run as one operation, see
                :mod:`~scalegmn.nn.execution.fused`, with the same result.
        """
        if may_fuse and (result := fused(self, views, x_V, x_E)) is not None:
            return result
        h, p = self.encode_nodes(self.init_nodes(x_V), views[0])
        kernels = self.arch.direction.streams(self.arch.kind, x_E)
        edges: tuple[Edges, ...] = tuple(EdgeFeatures(x, self.init_edges) for x in kernels)
        if self.encode_edges is not None:
            edges = tuple(self.encode_edges(self.init_edges(x), views[0]) for x in kernels)
        for layer, view in zip(self.layers[:-1], views, strict=False):
            by_role, edges = layer(h, edges, p, view)
            h = self.dropout(view.join(by_role))
        return self.layers[-1](h, edges, p, views[-1])

    def dense_views(
        self, graph: NetworkGraph, params: Mapping[str, Tensor], sign: Tensor | None
    ) -> tuple[GraphView, ...]:
        """The views of one network, or a batch, of an architecture.

        Raises:
            ValueError: the graph has another structure than the one that this was made for, or a
                group of it does not have the symmetry of ``arch.kind``.
        """
        # A compiled caller takes the views as they are. Others feel the time of a decorator.
        make = _uncompiled if torch.compiler.is_compiling() else Backbone._dense_views
        views = make(self, graph, params)
        if sign is None or not self.arch.kind.reads_sign:
            return views
        return tuple(replace(view, sign=sign.unsqueeze(-1)) for view in views)

    def _dense_views(
        self, graph: NetworkGraph, params: Mapping[str, Tensor]
    ) -> tuple[GraphView, ...]:
        found = self.arch.kind.structure(graph)
        if found != self.structure:
            raise ValueError(
                f"this metanetwork was made for networks with {self.structure}; "
                f"got one with {found}"
            )
        self.arch.kind.check(graph)
        return dense_views(
            graph,
            params[graph.blocks[0].weight].device,
            num_networks=graph.batch_shape(params).numel(),
            d=self.arch.d,
            num_layers=len(self.layers),
            roles=self.roles,
            edges_read=self.edges_read,
            both_ways=not isinstance(self.arch.direction, Forward),
            reads_sign=self.arch.kind.reads_sign,
        )

    def pyg_views(self, data: "Data") -> tuple[GraphView, ...]:
        """The views of a ``Data`` or ``Batch``.

        Raises:
            ValueError: it has other node types or edge features than this was made for.
        """
        needed = self.encode_nodes.num_types, self.init_edges.in_features
        found = int(data.node_type.max()) + 1, data.edge_attr.shape[-1]
        if found != needed:
            raise ValueError(
                "this metanetwork was made for graphs with {} node types and {} edge features; "
                "got one with {} and {}".format(*needed, *found)
            )
        return pyg_views(data, len(self.layers))


_uncompiled = torch.compiler.disable(Backbone._dense_views)

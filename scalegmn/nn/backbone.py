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
from scalegmn.nn.dense_layout import dense_layouts
from scalegmn.nn.directions import Forward
from scalegmn.nn.initial import keep_norm, preserve_size
from scalegmn.nn.layer import Layer
from scalegmn.nn.layout import Layout
from scalegmn.nn.pyg_layout import pyg_layout

if TYPE_CHECKING:
    from torch_geometric.data import Data

# Below so many edges the number of operations counts, above it their size.
FEW_EDGES = 4096
# Above so many numbers in one edge feature tensor nothing is kept for the backward pass.
MANY_NUMBERS = 1 << 22

Nodes = Float[Tensor, "batch node _"]
Edges = Float[Tensor, "batch edge _"]


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
        self, layouts: Sequence[Layout], x_V: Nodes, x_E: Edges
    ) -> tuple[dict[Role, Tensor], tuple[Tensor, ...]]:
        """Node features by role, without the dropout of the last layer, and edge features.

        Args:
            layouts: one per layer.
            x_V: features of nodes.
            x_E: features of edges.
        """
        h, p = self.encode_nodes(self.init_nodes(x_V), layouts[0])
        edges = self.arch.direction.streams(self.arch.kind, x_E)
        # The first layer reads kernels: the features that they are lifted to are never stored.
        lift: nn.Linear | None = self.init_edges
        if self.encode_edges is not None:
            edges = tuple(self.encode_edges(self.init_edges(e), layouts[0]) for e in edges)
            lift = None
        for layer, layout in zip(self.layers[:-1], layouts, strict=False):
            by_role, edges = layer(h, edges, layout, p, lift)
            h, lift = self.dropout(layout.join(by_role)), None
        return self.layers[-1](h, edges, layouts[-1], p, lift)

    @torch.compiler.disable  # a compiled caller takes the layouts as they are
    def dense_layouts(
        self, graph: NetworkGraph, params: Mapping[str, Tensor], sign: Tensor | None
    ) -> tuple[Layout, ...]:
        """The layouts for one network, or a batch, of an architecture.

        Raises:
            ValueError: a group of the graph does not have the symmetry of ``arch.kind``.
        """
        self.arch.kind.check(graph)
        num_networks = graph.batch_shape(params).numel()
        recompute = num_networks * graph.num_edges * self.arch.d > MANY_NUMBERS
        layouts = dense_layouts(
            graph,
            params[graph.blocks[0].weight].device,
            num_layers=len(self.layers),
            roles=self.roles,
            edges_read=self.edges_read,
            both_ways=not isinstance(self.arch.direction, Forward),
            merged=num_networks * graph.num_edges <= FEW_EDGES and not recompute,
            recompute=recompute,
        )
        if not self.arch.kind.reads_sign:
            return tuple(replace(layout, sign=None) for layout in layouts)
        if sign is None:
            return layouts
        return tuple(replace(layout, sign=sign.unsqueeze(-1)) for layout in layouts)

    def pyg_layouts(self, data: "Data") -> tuple[Layout, ...]:
        """The layouts for a ``Data`` or ``Batch``."""
        return (pyg_layout(data),) * len(self.layers)

"""ScaleGMN: a graph metanetwork that respects what leaves a network's function unchanged."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from jaxtyping import Bool, Float
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
from scalegmn.nn.readouts import Readout

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
        self.init_edges = nn.Linear(graph.taps, arch.d, bias=False)
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


class Functional(nn.Module):
    r"""Reads a network: an invariant function :math:`\hat f(G, \theta) \in \mathbb{R}^{d_{out}}`.

    Its value is the same for all parameters that permutations and scalings of hidden units make
    equal, to rounding, on pruned networks too. Branches that no node reads are not built: the
    CIFAR-10 ReLU predictor (d = 128, 4 layers, forward, last-layer readout) has 1,224,705
    parameters where the published one has 1,356,801, of which 132,096 never get a gradient.

    Reference: Kalogeropoulos et al., *Scale Equivariant Graph Metanetworks*, 2024,
    arXiv:2406.10685.

    Args:
        graph: an architecture with the node and edge types of all that will be read.
        arch: the metanetwork's own architecture.
        readout: builds the readout, see :mod:`scalegmn.readout`.
        d_out: width of the result.

    Raises:
        ValueError: a group of the graph does not have the symmetry of ``arch.kind``.
    """

    def __init__(
        self,
        graph: NetworkGraph,
        arch: Architecture,
        *,
        readout: Callable[[NetworkGraph, Architecture, int], Readout],
        d_out: int = 1,
    ) -> None:
        super().__init__()
        self.readout = readout(graph, arch, d_out)
        roles = self.readout.roles
        last = arch.last_layer(graph, roles, arch.d, None)
        self.gnn = Backbone(graph, arch, last, roles=roles, edges_read=False)

    def forward(
        self,
        graph: NetworkGraph,
        params: Mapping[str, Tensor],
        sign: Bool[Tensor, "batch node"] | None = None,
    ) -> Float[Tensor, "*batch d_out"]:
        """One vector per network.

        Args:
            graph: the architecture.
            params: of one network or, with a leading axis, of a batch.
            sign: nodes whose freedom is a sign, by network, where activations differ in a batch.
        """
        layouts = self.gnn.dense_layouts(graph, params, sign)
        x_V, x_E = graph.features(params)
        out = self.on_features(layouts, *_batched(x_V, x_E))
        return out if x_V.ndim == 3 else out.squeeze(0)

    def on_pyg(self, data: "Data") -> Float[Tensor, "network d_out"]:
        """One vector per network of a ``Data`` or ``Batch``."""
        return self.on_features(self.gnn.pyg_layouts(data), data.x[None], data.edge_attr[None])

    def on_features(
        self, layouts: Sequence[Layout], x_V: Nodes, x_E: Edges
    ) -> Float[Tensor, "network d_out"]:
        """One vector per network, from features in any layouts, one per layer."""
        h, _ = self.gnn(layouts, x_V, x_E)
        return self.readout({role: self.gnn.dropout(x) for role, x in h.items()}, layouts[-1])


class Operator(nn.Module):
    r"""Rewrites a network: an equivariant map :math:`\theta' = \theta + \hat f(G, \theta)`.

    Networks that permutations and scalings of hidden units make equal are rewritten into networks
    that the same permutations and scalings make equal. Branches that no node reads are not built:
    the pruning operator of the small CNN (d = 18, 2 layers) has 15,330 parameters where the
    published one has 17,814, of which 2,484 never get a gradient. (The last update of input nodes,
    721 of them, is part of the output, but no parameter of a CNN is read from there.)

    Reference: Kalogeropoulos et al., 2024, arXiv:2406.10685; as a pruning operator: Byrman et al.,
    *Neural Network Pruning with Scale Equivariant Graph Metanetworks*, section 2, eq. (3).

    Args:
        graph: an architecture with the node and edge types of all that will be rewritten.
        arch: the metanetwork's own architecture.
        out_scale: initial value of a learned factor per layer on the change of weights, and of
            another on that of biases; ``None`` for no factors.

    Raises:
        ValueError: a group of the graph does not have the symmetry of ``arch.kind``.
    """

    def __init__(
        self, graph: NetworkGraph, arch: Architecture, *, out_scale: float | None = None
    ) -> None:
        super().__init__()
        last = arch.last_layer(graph, tuple(Role), 1, graph.taps)
        self.gnn = Backbone(graph, arch, last, roles=tuple(Role), edges_read=True)
        self.node_scale = self.edge_scale = None
        if out_scale is not None:
            num_biases = sum(group.bias is not None for group in graph.groups)
            if num_biases:
                self.node_scale = nn.Parameter(torch.full((num_biases,), out_scale))
            self.edge_scale = nn.Parameter(torch.full((len(graph.blocks),), out_scale))

    def forward(
        self,
        graph: NetworkGraph,
        params: Mapping[str, Tensor],
        sign: Bool[Tensor, "batch node"] | None = None,
    ) -> dict[str, Tensor]:
        """The new parameters, differentiable in both the operator's and the old ones.

        Args:
            graph: the architecture.
            params: of one network or, with a leading axis, of a batch.
            sign: nodes whose freedom is a sign, by network, where activations differ in a batch.
        """
        layouts = self.gnn.dense_layouts(graph, params, sign)
        x_V, x_E = graph.features(params)
        d_V, d_E = self.on_features(layouts, *_batched(x_V, x_E))
        if self.edge_scale is not None:
            d_V = self._scaled(d_V, self.node_scale, graph.bias_of_node)
            d_E = self._scaled(d_E, self.edge_scale, graph.block_of_edge)
        return graph.parameters(x_V + d_V.view_as(x_V), x_E + d_E.view_as(x_E))

    def on_pyg(self, data: "Data") -> tuple[Float[Tensor, "node 1"], Float[Tensor, "edge tap"]]:
        """The changes of node and edge features of a ``Data`` or ``Batch``."""
        layouts = self.gnn.pyg_layouts(data)
        d_V, d_E = self.on_features(layouts, data.x[None], data.edge_attr[None])
        if self.edge_scale is not None:
            d_V = self._scaled(d_V, self.node_scale, data.node_bias)
            d_E = self._scaled(d_E, self.edge_scale, data.edge_block)
        return d_V.squeeze(0), d_E.squeeze(0)

    def on_features(self, layouts: Sequence[Layout], x_V: Nodes, x_E: Edges) -> tuple[Nodes, Edges]:
        """The changes of node and edge features, in any layouts, one per layer."""
        by_role, (d_E,) = self.gnn(layouts, x_V, x_E)
        return layouts[-1].join(by_role), d_E

    def _scaled(self, change: Tensor, scale: Tensor | None, part: Tensor) -> Tensor:
        if scale is None:
            return change
        # Nodes without a bias take any factor: what they become is not read.
        return change * scale[part.to(scale.device).clamp(min=0)].unsqueeze(-1)


def _batched(x_V: Tensor, x_E: Tensor) -> tuple[Tensor, Tensor]:
    return (x_V, x_E) if x_V.ndim == 3 else (x_V[None], x_E[None])

"""ScaleGMN: a graph metanetwork that respects what leaves a network's function unchanged."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from scalegmn.arguments import check_whole
from scalegmn.graph.groups import Role
from scalegmn.graph.network_graph import NetworkGraph
from scalegmn.nn.architecture import Architecture
from scalegmn.nn.backbone import Backbone, Kernels, Nodes
from scalegmn.nn.execution.view import GraphView
from scalegmn.nn.readout import Readout

if TYPE_CHECKING:
    from torch_geometric.data import Data


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

        Raises:
            ValueError: the graph has other inputs, layers, outputs or kernels than the one that
                this was made for (hidden widths are free), or not the symmetry of ``arch.kind``.
        """
        views = self.gnn.dense_views(graph, params, sign)
        x_V, x_E = graph.features(params)
        out = self.on_features(views, *_batched(x_V, x_E))
        return out if x_V.ndim == 3 else out.squeeze(0)

    def __repr__(self) -> str:
        return _short(self, self.gnn.arch)

    def on_pyg(self, data: "Data") -> Float[Tensor, "network d_out"]:
        """One vector per network of a ``Data`` or ``Batch``."""
        return self.on_features(self.gnn.pyg_views(data), data.x[None], data.edge_attr[None])

    def on_features(
        self, views: Sequence[GraphView], x_V: Nodes, x_E: Kernels
    ) -> Float[Tensor, "network d_out"]:
        """One vector per network, from features in any views, one per layer."""
        h, _ = self.gnn(views, x_V, x_E)
        return self.readout({role: self.gnn.dropout(x) for role, x in h.items()}, views[-1])


class Operator(nn.Module):
    r"""Rewrites a network: an equivariant map :math:`\theta' = \theta + \hat f(G, \theta)`.

    Networks that permutations and scalings of hidden units make equal are rewritten into networks
    that the same permutations and scalings make equal.

    Branches that nothing reads are not built, so that plain DDP works. The pruning operator of the
    small CNN (d = 18, 2 layers) has 15,330 parameters where the published one has 17,814. Of the
    published ones, 3,205 are never trained: 2,484 that are not built here and the 721 of the last
    update of input nodes, which are built here, too (a part of the result that no parameter of a
    CNN reads; their gradients are zeros). For a target without biases, the last layer has no
    update of nodes and no messages. One exception is left: with
    :class:`~scalegmn.nn.BidirectionalInverse` and kinds scale or hetero, on a target without
    biases, the update of inverse edges in the last layer but one gets no gradient.

    Reference: Kalogeropoulos et al., 2024, arXiv:2406.10685; as a pruning operator: Byrman et al.,
    *Neural Network Pruning with Scale Equivariant Graph Metanetworks*, section 2, eq. (3).

    Args:
        graph: an architecture with the node and edge types of all that will be rewritten.
        arch: the metanetwork's own architecture.
        out_scale: initial value of a learned factor per layer on the change of weights, and of
            another on that of biases; ``None`` for no factors.
        heads: outputs of the last layer's updates that are averaged, after a common hidden layer;
            1 as published.

    Raises:
        ValueError: a group of the graph does not have the symmetry of ``arch.kind``, or there are
            no heads.
    """

    def __init__(
        self,
        graph: NetworkGraph,
        arch: Architecture,
        *,
        out_scale: float | None = None,
        heads: int = 1,
    ) -> None:
        super().__init__()
        check_whole("model.operator.heads", heads)
        self.heads = heads
        num_biases = sum(group.bias is not None for group in graph.groups)
        roles = tuple(Role) if num_biases else ()
        last = arch.last_layer(graph, roles, heads, heads * graph.edge_dim)
        self.gnn = Backbone(graph, arch, last, roles=roles, edges_read=True)
        self.node_scale = self.edge_scale = None
        if out_scale is not None:
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

        Raises:
            ValueError: the graph has other inputs, layers, outputs or kernels than the one that
                this was made for (hidden widths are free), or not the symmetry of ``arch.kind``.
        """
        views = self.gnn.dense_views(graph, params, sign)
        x_V, x_E = graph.features(params)
        d_V, d_E = self.on_features(views, *_batched(x_V, x_E))
        if self.edge_scale is not None:
            d_V = self._scaled(d_V, self.node_scale, graph.bias_of_node)
            d_E = self._scaled(d_E, self.edge_scale, graph.block_of_edge)
        return graph.parameters(x_V + d_V.view_as(x_V), x_E + d_E.view_as(x_E))

    def __repr__(self) -> str:
        return _short(self, self.gnn.arch)

    def on_pyg(self, data: "Data") -> tuple[Float[Tensor, "node 1"], Float[Tensor, "edge k"]]:
        """The changes of node and edge features of a ``Data`` or ``Batch``."""
        views = self.gnn.pyg_views(data)
        d_V, d_E = self.on_features(views, data.x[None], data.edge_attr[None])
        if self.edge_scale is not None:
            d_V = self._scaled(d_V, self.node_scale, data.node_bias)
            d_E = self._scaled(d_E, self.edge_scale, data.edge_block)
        return d_V.squeeze(0), d_E.squeeze(0)

    def on_features(
        self, views: Sequence[GraphView], x_V: Nodes, x_E: Kernels
    ) -> tuple[Nodes, Kernels]:
        """The changes of node and edge features, in any views, one per layer."""
        by_role, (d_E,) = self.gnn(views, x_V, x_E)
        d_V = self._averaged(views[-1].join(by_role)) if by_role else torch.zeros_like(x_V)
        return d_V, self._averaged(d_E)

    def _averaged(self, change: Tensor) -> Tensor:
        if self.heads == 1:
            return change
        return change.unflatten(-1, (self.heads, -1)).mean(-2)

    def _scaled(self, change: Tensor, scale: Tensor | None, part: Tensor) -> Tensor:
        if scale is None:
            return change
        # Nodes without a bias take any factor: what they become is not read.
        return change * scale[part.to(scale.device).clamp(min=0)].unsqueeze(-1)


def _short(model: nn.Module, arch: Architecture) -> str:
    """One line: the choices that are not defaults, and the number of parameters."""
    default = Architecture()
    own = [(field.name, getattr(arch, field.name)) for field in fields(arch)]
    chosen = [f"{name}={value}" for name, value in own if value != getattr(default, name)]
    count = sum(p.numel() for p in model.parameters())
    return f"{type(model).__name__}({', '.join([*chosen, f'{count:,} parameters'])})"


def _batched(x_V: Tensor, x_E: Tensor) -> tuple[Tensor, Tensor]:
    return (x_V, x_E) if x_V.ndim == 3 else (x_V[None], x_E[None])

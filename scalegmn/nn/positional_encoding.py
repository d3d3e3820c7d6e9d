"""Learned positional encodings, which tell layers and fixed nodes apart."""

from abc import ABC, abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor, nn

from scalegmn.graph.groups import Role
from scalegmn.nn.execution.view import GraphView
from scalegmn.nn.scale_eq import ScaleEq

Nodes = Float[Tensor, "batch node d"]


class NodeEncoding(nn.Module, ABC):
    """A table of one vector per node type, worked into the node features.

    Args:
        num_types: node types of the graph.
        d: width of node features.
    """

    def __init__(self, num_types: int, d: int) -> None:
        super().__init__()
        self.num_types = num_types
        self.table = nn.Parameter(torch.randn(num_types, d))

    def forward(self, h: Nodes, view: GraphView) -> tuple[Nodes, Float[Tensor, "1 node d"]]:
        """The encoded features, and the encoding of each node."""
        p = self.table[view.node_types].unsqueeze(0)
        parts = {
            role: self.encode(role, view.nodes(h, role), view.nodes(p, role), view)
            for role in view.role_nodes
        }
        return view.join(parts), p

    @abstractmethod
    def encode(self, role: Role, h: Nodes, p: Tensor, view: GraphView) -> Nodes:
        """Work the encodings ``p`` into the features of nodes of one role."""


class Multiplied(NodeEncoding):
    r""":math:`h \odot p` on hidden nodes; on inputs and outputs :math:`h + p` or the same.

    Args:
        num_types: node types of the graph.
        d: width of node features.
        sum_on_io: add on inputs and outputs, whose scale is fixed.
    """

    def __init__(self, num_types: int, d: int, *, sum_on_io: bool = True) -> None:
        super().__init__(num_types, d)
        self.sum_on_io = sum_on_io

    def encode(self, role: Role, h: Nodes, p: Tensor, view: GraphView) -> Nodes:
        return h + p if self.sum_on_io and role is not Role.HIDDEN else h * p


class Equivariant(NodeEncoding):
    r""":math:`\mathrm{ScaleEq}(h; p)` on hidden nodes, :math:`h + p` on inputs and outputs.

    Args:
        num_types: node types of the graph.
        d: width of node features.
        function: of features and encoding.
    """

    def __init__(self, num_types: int, d: int, function: ScaleEq) -> None:
        super().__init__(num_types, d)
        self.function = function

    def encode(self, role: Role, h: Nodes, p: Tensor, view: GraphView) -> Nodes:
        if role is not Role.HIDDEN:
            return h + p
        return self.function(h, p, view.signs(role))


class Added(NodeEncoding):
    """:math:`h + p` on all nodes, where there is no scale symmetry."""

    def encode(self, role: Role, h: Nodes, p: Tensor, view: GraphView) -> Nodes:
        return h + p


class EdgeEncoding(nn.Module):
    r"""A table of one vector per edge type: :math:`e \odot p`, or :math:`e + p`.

    Args:
        num_types: edge types of the graph.
        d: width of edge features.
        added: add, where there is no scale symmetry.
    """

    def __init__(self, num_types: int, d: int, *, added: bool) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.randn(num_types, d))
        self.added = added

    def forward(self, e: Tensor, view: GraphView) -> Tensor:
        p = self.table[view.edge_types]
        return e + p if self.added else e * p

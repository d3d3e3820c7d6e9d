"""Messages against the direction of edges that stay bounded on pruned networks."""

from collections.abc import Iterable

from jaxtyping import Bool, Float
from torch import Tensor, nn

from scalegmn.graph.groups import Role
from scalegmn.nn.message import Message, Nodes, NodeState
from scalegmn.nn.mlp import MLP
from scalegmn.nn.unit import log_norm

LogNorm = tuple[Float[Tensor, "*_rows 1"], Bool[Tensor, "*_rows 1"]]


class BoundedMessage(Message):
    r"""A message from the end :math:`j` of an edge to its start :math:`i`, exact and bounded.

    .. math::
        m_i = h_i \odot \sum_j g_{ij}\, \mathrm{MLP}([c(h_i), c(h_j), c(e_{ij})]), \qquad
        g_{ij} = \frac{\lVert e_{ij} \rVert \lVert h_i \rVert}
                      {\lVert h_j \rVert + \lVert e_{ij} \rVert \lVert h_i \rVert}

    An edge scales by :math:`q_j / q_i`, so the receiver's own features have to carry the scale, and
    :math:`g`, the edge's strength relative to all that reaches :math:`j`, is the same for all equal
    networks; it is 0 for a zero edge. Nothing is divided by an edge. The published code sends
    :class:`~scalegmn.nn.scale_eq_message.ScaleEqMessage` of the edge itself instead, which is not
    scale-equivariant.

    Args:
        node: canonical form of node features.
        edge: canonical form of edge features.
        mlp: of the canonical forms of receiver, sender and edge.
        roles: of the nodes that receive messages.
    """

    def __init__(self, node: nn.Module, edge: nn.Module, mlp: MLP, roles: Iterable[Role]) -> None:
        super().__init__(roles)
        self.node = node
        self.edge = edge
        self.mlp = mlp

    def message(
        self, x_j: NodeState, e: Float[Tensor, "*edges d"], x_i: NodeState, role: Role
    ) -> Float[Tensor, "*_edges d"]:
        sign = None if x_i.sign is None or x_j.sign is None else x_i.sign | x_j.sign
        forms = self.node(x_i.h, x_i.sign), self.node(x_j.h, x_j.sign), self.edge(e, sign)
        return strength(log_norm(e), log_norm(x_i.h), log_norm(x_j.h)) * self.mlp(*forms)

    def update(
        self, h: Nodes, m: Float[Tensor, "batch node d_msg"]
    ) -> Float[Tensor, "batch node d_msg"]:
        return h * m


def strength(e: LogNorm, h_i: LogNorm, h_j: LogNorm) -> Float[Tensor, "*edges 1"]:
    """:math:`g_{ij}`, from the logarithms of norms, of which some rows are zero."""
    ratio = (e[0] + h_i[0] - h_j[0]).sigmoid()
    return ratio.masked_fill(h_j[1], 1).masked_fill(e[1] | h_i[1], 0)

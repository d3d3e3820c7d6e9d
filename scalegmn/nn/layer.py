"""One round of message passing."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from scalegmn.graph.groups import Role
from scalegmn.nn.edge_update import EdgeUpdate
from scalegmn.nn.execution.edge_features import Edges
from scalegmn.nn.execution.view import GraphView
from scalegmn.nn.message import Message, Nodes, NodeState
from scalegmn.nn.update import Update


class Layer(nn.Module):
    r"""Messages, then updates of nodes and edges, all from the features before the layer.

    .. math::
        m_t &= \sum_{s \to t} \mathrm{MSG}(h_s, e_{st}, h_t) \\
        \bar m_s &= \sum_{s \to t} \overline{\mathrm{MSG}}(h_t, e_{st}, h_s) \\
        h'_i &= S h_i + \mathrm{UPD}_V(h_i, [m_i, \bar m_i]) \\
        e'_{st} &= \mathrm{UPD}_E(e_{st}, h_s, h_t)

    The second sum exists in bidirectional networks only.

    Reference: Kalogeropoulos et al., 2024, arXiv:2406.10685, section 5 and appendix A; the skip
    connection :math:`S h_i` is that of the published code.

    Args:
        msg: the message function along the edges, or None if nodes are not read afterwards.
        msg_backward: the message function against the edges, or None.
        upd: of nodes.
        upd_edges: UPD of each stream of edge features; none if edges are not read afterwards.
        skip: the linear map :math:`S`, or None.
    """

    def __init__(
        self,
        msg: Message | None,
        msg_backward: Message | None,
        *,
        upd: Update,
        upd_edges: Sequence[EdgeUpdate],
        skip: nn.Linear | None = None,
    ) -> None:
        super().__init__()
        self.msg = msg
        self.msg_backward = msg_backward
        self.upd = upd
        self.upd_edges = nn.ModuleList(upd_edges)
        self.skip = skip

    def forward(
        self, h: Nodes, edges: tuple[Edges, ...], p: Float[Tensor, "1 node d"], view: GraphView
    ) -> tuple[dict[Role, Tensor], tuple[Tensor, ...]]:
        """Features of the nodes, by role, and of the edges after the layer.

        Args:
            h: features of nodes.
            edges: streams of edge features (batch, edge, d); the last is read backwards.
            p: positional encodings of the nodes.
            view: the graphs.
        """
        # Σ message(x_j, e, x_i) at every node along and against the edges, and UPD of every edge.
        sums = view.propagate(
            NodeState(h, p, view.sign),
            edges,
            msg=self.msg,
            msg_backward=self.msg_backward,
            upd_edges=self.upd_edges,
        )
        received = [(self.msg, sums.along), (self.msg_backward, sums.against)]
        m = [_update(msg, h, total) for msg, total in received if msg is not None]
        new = self.upd(h, m, p, view)
        if self.skip is not None:
            new = {role: x + self.skip(view.nodes(h, role)) for role, x in new.items()}
        return new, sums.edges


def _update(msg: Message, h: Nodes, total: Tensor | None) -> Nodes:
    return torch.zeros_like(h) if total is None else msg.update(h, total)

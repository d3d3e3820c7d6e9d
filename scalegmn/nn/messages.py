"""Messages along edges.

A message is computed in three parts, so that linear maps of node features are applied to nodes
before they are spread over edges: ``sender(h, a, sign)`` and ``receiver(h, a, sign)`` give node
terms, and ``forward(role, e, sender, receiver, add)`` combines them on the edges and sums them up,
where ``role`` is that of the receiving nodes. ``close(h, m)`` turns the sum into the message that a
node reads.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from scalegmn.graph.groups import Role
from scalegmn.nn.canonical import SignRows
from scalegmn.nn.gates import ByRole
from scalegmn.nn.lifted import EdgeFeatures
from scalegmn.nn.mlp import MLP
from scalegmn.nn.sums import Sum
from scalegmn.nn.unit import log_norm

Nodes = Float[Tensor, "batch node d"]
Terms = Any  # a nest of tensors with a node axis, gathered along it


class Message(nn.Module, ABC):
    """A message function.

    Attributes:
        roles: of the nodes that receive messages.
    """

    roles: tuple[Role, ...]

    @abstractmethod
    def sender(self, h: Nodes, a: Tensor, sign: SignRows) -> Terms:
        """Terms of the sending nodes."""

    @abstractmethod
    def receiver(self, h: Nodes, a: Tensor, sign: SignRows) -> Terms:
        """Terms of the receiving nodes."""

    @abstractmethod
    def forward(
        self, role: Role, e: EdgeFeatures, sender: Terms, receiver: Terms, add: Sum
    ) -> Nodes:
        """The sums of the messages on edges into nodes of one role."""

    def close(self, h: Nodes, m: Nodes) -> Nodes:
        """The summed messages as the receiver reads them."""
        return m


class ProductMessage(Message):
    r"""The published message: a function of the product of edge and sender.

    .. math::
        z_{s \to t} = (W_e e_{st}) \odot (W_v h_s), \qquad
        m_{s \to t} = \mathrm{MSG}_{\mathrm{role}(t)}(z_{s \to t}; p_t)

    As :math:`e_{st}` scales by :math:`q_t / q_s`, the product scales by :math:`q_t`. The receiver's
    own features are not an input, other than in eq. (11) of the paper.

    Reference: Kalogeropoulos et al., 2024, arXiv:2406.10685, eq. (10) and (11).

    Args:
        d: width of node and edge features.
        functions: MSG of each role of receiving nodes.
        positional: the receiver's positional encoding :math:`p_t` is an input.
    """

    def __init__(self, d: int, functions: ByRole, *, positional: bool = False) -> None:
        super().__init__()
        self.edge = nn.Linear(d, d, bias=False)
        self.node = nn.Linear(d, d, bias=False)
        self.functions = functions
        self.positional = positional
        self.roles = functions.roles

    def sender(self, h: Nodes, a: Tensor, sign: SignRows) -> Terms:
        return self.node(h)

    def receiver(self, h: Nodes, a: Tensor, sign: SignRows) -> Terms:
        extras = [self.functions[r].extra(a) for r in self.roles] if self.positional else []
        return extras, sign

    def forward(
        self, role: Role, e: EdgeFeatures, sender: Terms, receiver: Terms, add: Sum
    ) -> Nodes:
        extras, sign = receiver
        extra = extras[self.roles.index(role)] if extras else None
        return self.functions[role].summed(e.through(self.edge.weight) * sender, extra, sign, add)


class BoundedMessage(Message):
    r"""A message against the direction of an edge, exact and bounded on pruned networks.

    Along the edge :math:`s \to t`, node :math:`s` receives

    .. math::
        m_{t \to s} = h_s \odot g_{st}\, \mathrm{MLP}(c(h_s), c(h_t), c(e_{st})), \qquad
        g_{st} = \frac{\lVert e_{st} \rVert \lVert h_s \rVert}
                      {\lVert h_t \rVert + \lVert e_{st} \rVert \lVert h_s \rVert}

    The receiver's own features carry the scale, and :math:`g`, the edge's strength relative to all
    that reaches :math:`t`, is the same in every gauge; it is 0 for a zero edge. Nothing is divided
    by an edge, other than in the published design (:class:`ProductMessage` on reciprocal edges).

    Args:
        node: canonical form of node features.
        edge: canonical form of edge features.
        mlp: of the canonical forms of receiver, sender and edge.
        roles: of the nodes that receive messages.
    """

    def __init__(self, node: nn.Module, edge: nn.Module, mlp: MLP, roles: Iterable[Role]) -> None:
        super().__init__()
        self.node = node
        self.edge = edge
        self.mlp = mlp
        self.roles = tuple(roles)

    def sender(self, h: Nodes, a: Tensor, sign: SignRows) -> Terms:
        return self.mlp.term(1, self.node(h, sign)), log_norm(h), sign

    def receiver(self, h: Nodes, a: Tensor, sign: SignRows) -> Terms:
        return self.mlp.term(0, self.node(h, sign)), log_norm(h), sign

    def forward(
        self, role: Role, e: EdgeFeatures, sender: Terms, receiver: Terms, add: Sum
    ) -> Nodes:
        from_sender, (log_h_t, zero_t), sign_t = sender
        from_receiver, (log_h_s, zero_s), sign_s = receiver
        features = e.features()
        log_e, zero_e = log_norm(features)
        sign = None if sign_t is None else sign_t | sign_s
        strength = (log_e + log_h_s - log_h_t).sigmoid()
        strength = strength.masked_fill(zero_t, 1).masked_fill(zero_e | zero_s, 0)
        hidden = from_sender + from_receiver + self.mlp.term(2, self.edge(features, sign))
        return self.mlp.summed(hidden, add, strength)

    def close(self, h: Nodes, m: Nodes) -> Nodes:
        return h * m


class PlainMessage(Message):
    r"""The message of a graph metanetwork without scale symmetry.

    .. math:: m_{s \to t} = \mathrm{MLP}([e_{st}, h_s])

    Args:
        mlp: of the edge's and the sender's features.
        roles: of the nodes that receive messages.
    """

    def __init__(self, mlp: MLP, roles: Iterable[Role]) -> None:
        super().__init__()
        self.mlp = mlp
        self.roles = tuple(roles)

    def sender(self, h: Nodes, a: Tensor, sign: SignRows) -> Terms:
        return self.mlp.term(1, h)

    def receiver(self, h: Nodes, a: Tensor, sign: SignRows) -> Terms:
        return ()

    def forward(
        self, role: Role, e: EdgeFeatures, sender: Terms, receiver: Terms, add: Sum
    ) -> Nodes:
        return self.mlp.summed(e.through(self.mlp.weights[0], self.mlp.bias) + sender, add)

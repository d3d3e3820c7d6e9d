"""The interface of message functions."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor, nn

from scalegmn.graph.groups import Role
from scalegmn.nn.canonical import SignRows

Nodes = Float[Tensor, "batch node d"]


class NodeState(NamedTuple):
    """What is known about nodes, or, gathered along edges, about one end of each edge.

    Attributes:
        h: features ``(..., d)``.
        p: positional encodings ``(..., d)``, which no symmetry changes.
        sign: marks ``(..., 1)`` of nodes whose freedom is a sign; ``None`` unless networks are
            hetero.
    """

    h: Float[Tensor, "*rows d"]
    p: Float[Tensor, "*_rows _d"]
    sign: SignRows = None


class Message(nn.Module, ABC):
    r"""MSG, split as in ``torch_geometric.nn.MessagePassing``.

    .. math::
        m_i = \mathrm{update}\Bigl(h_i, \sum_j \mathrm{message}(x_j, e_{ij}, x_i)\Bigr)

    As there, node :math:`j` sends and node :math:`i` receives. Messages are aggregated by a sum; a
    weighted mean is a sum, too, of weighted messages and of weights, which :meth:`update` divides.

    A message function is equivariant if :math:`m_i` scales like :math:`h_i` wherever :math:`e_{ij}`
    scales by :math:`q_i / q_j`.

    Args:
        roles: of the nodes that receive messages.
    """

    def __init__(self, roles: Iterable[Role]) -> None:
        super().__init__()
        self.roles = tuple(roles)

    @abstractmethod
    def message(
        self, x_j: NodeState, e: Float[Tensor, "*edges d"], x_i: NodeState, role: Role
    ) -> Float[Tensor, "*_edges d_msg"]:
        """The message on each edge, before it is aggregated.

        Args:
            x_j: the sending node of each edge, same leading axes as ``e``.
            e: features of the edges.
            x_i: the receiving node of each edge, same leading axes as ``e``.
            role: of the receiving nodes, the same for all edges of a call.
        """

    def update(
        self, h: Nodes, m: Float[Tensor, "batch node d_msg"]
    ) -> Float[Tensor, "batch node _d"]:
        """The aggregated messages ``m``, as UPD of a node with features ``h`` reads them."""
        return m

"""MSG of a graph metanetwork without scale symmetry."""

from collections.abc import Iterable

from jaxtyping import Float
from torch import Tensor

from scalegmn.graph.groups import Role
from scalegmn.nn.message import Message, NodeState
from scalegmn.nn.mlp import MLP


class MLPMessage(Message):
    r"""An MLP of edge and sender: :math:`m_{j \to i} = \mathrm{MLP}([e_{ij}, h_j])`.

    Args:
        mlp: of the edge's and the sender's features.
        roles: of the nodes that receive messages.
    """

    def __init__(self, mlp: MLP, roles: Iterable[Role]) -> None:
        super().__init__(roles)
        self.mlp = mlp

    def message(
        self, x_j: NodeState, e: Float[Tensor, "*edges d"], x_i: NodeState, role: Role
    ) -> Float[Tensor, "*_edges d"]:
        return self.mlp(e, x_j.h)

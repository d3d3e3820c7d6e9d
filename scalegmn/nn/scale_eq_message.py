"""MSG of the paper: a function of the product of edge and sender."""

from jaxtyping import Float
from torch import Tensor

from scalegmn.graph.groups import Role
from scalegmn.nn.message import Message, NodeState
from scalegmn.nn.per_role import PerRole
from scalegmn.nn.rescale_eq import ReScaleEq


class ScaleEqMessage(Message):
    r"""The published message.

    .. math::
        m_{j \to i} = \mathrm{ScaleEq}_{\mathrm{role}(i)}(\mathrm{ReScaleEq}(e_{ij}, h_j); p_i)

    Unlike eq. (11), the receiver's features are not an input, as in the published code. Unlike that
    code, which reads the sender's positional encoding against the direction of edges, :math:`p` is
    the receiver's in both directions.

    Reference: Kalogeropoulos et al., 2024, arXiv:2406.10685, eq. (10) and (11).

    Args:
        d: width of node and edge features.
        functions: ScaleEq of each role of receiving nodes; fixed roles may have another function.
        positional: the receiver's positional encoding :math:`p_i` is an input.
    """

    def __init__(self, d: int, functions: PerRole, *, positional: bool = False) -> None:
        super().__init__(functions.roles)
        self.rescale_eq = ReScaleEq(d)
        self.functions = functions
        self.positional = positional

    def message(
        self, x_j: NodeState, e: Float[Tensor, "*edges d"], x_i: NodeState, role: Role
    ) -> Float[Tensor, "*_edges d"]:
        z = self.rescale_eq(e, x_j.h)
        return self.functions[role](z, x_i.p if self.positional else None, x_i.sign)

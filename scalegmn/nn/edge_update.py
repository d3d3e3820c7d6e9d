"""UPD of edges."""

from abc import ABC, abstractmethod

from jaxtyping import Float
from torch import Tensor, nn

from scalegmn.nn.message import NodeState
from scalegmn.nn.mlp import MLP

NewEdges = Float[Tensor, "*_edges d_out"]


class EdgeUpdate(nn.Module, ABC):
    """New features of an edge, from its own and those of the nodes at its ends."""

    @abstractmethod
    def forward(self, e: Float[Tensor, "*edges d"], x_s: NodeState, x_t: NodeState) -> NewEdges:
        """The new features.

        Args:
            e: features of the edges.
            x_s: the node at the start of each edge.
            x_t: the node at its end.
        """


class ScaleEqEdgeUpdate(EdgeUpdate):
    r"""An edge keeps its scale, and is gated by the canonical forms of its ends.

    .. math:: e'_{st} = (\Gamma e_{st}) \odot \psi([c(h_s), c(h_t)])

    Unlike ScaleEq of eq. (9), the gate does not read the edge itself, as in the published code.

    Reference: Kalogeropoulos et al., 2024, arXiv:2406.10685, section 5 and eq. (9).

    Args:
        gamma: :math:`\Gamma`, without bias.
        canonical: the canonical form :math:`c` of node features.
        psi: of the two canonical forms.
    """

    def __init__(self, gamma: nn.Linear, canonical: nn.Module, psi: MLP) -> None:
        super().__init__()
        self.gamma = gamma
        self.canonical = canonical
        self.psi = psi

    def forward(self, e: Float[Tensor, "*edges d"], x_s: NodeState, x_t: NodeState) -> NewEdges:
        source, target = self.canonical(x_s.h, x_s.sign), self.canonical(x_t.h, x_t.sign)
        return self.gamma(e) * self.psi(source, target)


class MLPEdgeUpdate(EdgeUpdate):
    r"""Without scale symmetry: :math:`e'_{st} = \mathrm{MLP}([e_{st}, h_s, h_t])`.

    Args:
        mlp: of the features of edge, source and target.
    """

    def __init__(self, mlp: MLP) -> None:
        super().__init__()
        self.mlp = mlp

    def forward(self, e: Float[Tensor, "*edges d"], x_s: NodeState, x_t: NodeState) -> NewEdges:
        return self.mlp(e, x_s.h, x_t.h)

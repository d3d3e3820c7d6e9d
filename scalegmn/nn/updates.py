"""Updates of node and edge features.

An edge update is split like a message: ``ends(h, sign)`` gives a node's terms as the source and as
the target of an edge, and ``forward(e, source, target)`` combines them on the edges.
"""

from abc import ABC, abstractmethod

from jaxtyping import Float
from torch import Tensor, nn

from scalegmn.nn.canonical import SignRows
from scalegmn.nn.gates import RowFunction
from scalegmn.nn.lifted import EdgeFeatures
from scalegmn.nn.messages import Nodes
from scalegmn.nn.mlp import MLP

NewEdges = Float[Tensor, "*edges d_out"]


class EdgeUpdate(nn.Module, ABC):
    """New features of an edge from its own and those of its ends."""

    @abstractmethod
    def ends(self, h: Nodes, sign: SignRows) -> tuple[Tensor, Tensor]:
        """Terms of a node that an edge leaves and of a node that it enters."""

    @abstractmethod
    def forward(self, e: EdgeFeatures, source: Tensor, target: Tensor) -> NewEdges:
        """The new edge features."""


class GatedEdgeUpdate(EdgeUpdate):
    r"""An edge keeps its scale and is gated by its ends' canonical forms.

    .. math:: e'_{st} = (W e_{st}) \odot \psi([c(h_s), c(h_t)])

    Reference: Kalogeropoulos et al., 2024, arXiv:2406.10685, section 5.

    Args:
        linear: :math:`W`, without bias.
        canonical: the canonical form :math:`c`.
        psi: of the two canonical forms.
    """

    def __init__(self, linear: nn.Linear, canonical: nn.Module, psi: MLP) -> None:
        super().__init__()
        self.linear = linear
        self.canonical = canonical
        self.psi = psi

    def ends(self, h: Nodes, sign: SignRows) -> tuple[Tensor, Tensor]:
        form = self.canonical(h, sign)
        return self.psi.term(0, form), self.psi.term(1, form)

    def forward(self, e: EdgeFeatures, source: Tensor, target: Tensor) -> NewEdges:
        return e.through(self.linear.weight) * self.psi.finish(source + target)


class PlainEdgeUpdate(EdgeUpdate):
    r"""Without scale symmetry: :math:`e'_{st} = \mathrm{MLP}([e_{st}, h_s, h_t])`.

    Args:
        mlp: of the features of edge, source and target.
    """

    def __init__(self, mlp: MLP) -> None:
        super().__init__()
        self.mlp = mlp

    def ends(self, h: Nodes, sign: SignRows) -> tuple[Tensor, Tensor]:
        return self.mlp.term(1, h), self.mlp.term(2, h)

    def forward(self, e: EdgeFeatures, source: Tensor, target: Tensor) -> NewEdges:
        return self.mlp.finish(e.through(self.mlp.weights[0], self.mlp.bias) + source + target)


class PlainFunction(RowFunction):
    """An MLP in the place of a gated function, for networks without scale symmetry.

    Args:
        mlp: of the rows and, if there is a second input, of the additional one.
    """

    def __init__(self, mlp: MLP) -> None:
        super().__init__()
        self.mlp = mlp

    def extra(self, a: Tensor) -> Tensor:
        return self.mlp.term(1, a)

    def forward(self, x: Tensor, extra: Tensor | None, sign: SignRows) -> Tensor:
        hidden = self.mlp.term(0, x)
        return self.mlp.finish(hidden if extra is None else hidden + extra)

r"""Canonical forms: one representative of all feature vectors that a symmetry makes equal.

Each form :math:`c` is invariant: :math:`c(q\,x) = c(x)` for every factor :math:`q` of the
symmetry. Forms are called with rows and with a mask of the rows whose freedom is a sign (``sign``);
only those of hetero networks read the mask.

Reference: Kalogeropoulos et al., 2024, arXiv:2406.10685, appendix A.1.2 (canonicalization).
"""

from jaxtyping import Bool, Float
from torch import Tensor, nn

from scalegmn.nn.mlp import MLP
from scalegmn.nn.unit import unit

Rows = Float[Tensor, "*rows d"]
SignRows = Bool[Tensor, "*_rows 1"] | None


class Identity(nn.Module):
    """:math:`c(x) = x`: no symmetry, and input and output nodes, whose scale is fixed."""

    def forward(self, x: Rows, sign: SignRows = None) -> Rows:
        return x


class UnitVector(nn.Module):
    r"""Positive scaling: :math:`c(x) = x / \lVert x \rVert_2`.

    The published code adds 1e-10 to the norm, which breaks the invariance of short vectors.
    """

    def forward(self, x: Rows, sign: SignRows = None) -> Rows:
        return unit(x)


class Abs(nn.Module):
    """Change of sign: :math:`c(x) = |x|`, entry by entry."""

    def forward(self, x: Rows, sign: SignRows = None) -> Rows:
        return x.abs()


class SignSymmetrized(nn.Module):
    r"""Change of sign, learned: :math:`c(x) = \rho(x) + \rho(-x)`.

    Args:
        rho: maps ``d`` to ``d`` features.
    """

    def __init__(self, rho: MLP) -> None:
        super().__init__()
        self.rho = rho

    def forward(self, x: Rows, sign: SignRows = None) -> Rows:
        return self.rho(x) + self.rho(-x)


class HeteroNode(nn.Module):
    """The form of each node's own symmetry.

    Args:
        positive: form of rows that can be rescaled.
        signed: form of rows that can change their sign.
    """

    def __init__(self, positive: nn.Module, signed: nn.Module) -> None:
        super().__init__()
        self.positive = positive
        self.signed = signed

    def forward(self, x: Rows, sign: SignRows = None) -> Rows:
        assert sign is not None
        return self.signed(x).where(sign, self.positive(x))


class HeteroEdge(nn.Module):
    """Edges of a hetero network: the direction, made even where an end can change its sign.

    Args:
        signed: form of directions whose sign is free.
    """

    def __init__(self, signed: nn.Module) -> None:
        super().__init__()
        self.signed = signed

    def forward(self, x: Rows, sign: SignRows = None) -> Rows:
        assert sign is not None
        direction = unit(x)
        return self.signed(direction).where(sign, direction)

"""Canonical forms: one representative for all feature vectors that a symmetry makes equal.

Every form is called with the rows and a mask of the rows whose freedom is a sign; only
:class:`Mixed` reads the mask.
"""

from jaxtyping import Bool, Float
from torch import Tensor, nn

from scalegmn.nn.mlp import MLP
from scalegmn.nn.unit import unit

Rows = Float[Tensor, "*rows d"]
SignRows = Bool[Tensor, "*_rows 1"] | None


class Itself(nn.Module):
    """No symmetry, no change: for inputs and outputs, whose scale is fixed."""

    def forward(self, x: Rows, sign: SignRows = None) -> Rows:
        return x


class UnitVector(nn.Module):
    """Positive scaling: :math:`c(x) = x / |x|`."""

    def forward(self, x: Rows, sign: SignRows = None) -> Rows:
        return unit(x)


class Magnitude(nn.Module):
    """Change of sign: :math:`c(x) = |x|`, entry by entry."""

    def forward(self, x: Rows, sign: SignRows = None) -> Rows:
        return x.abs()


class Even(nn.Module):
    r"""Change of sign: :math:`c(x) = \rho(x) + \rho(-x)`.

    Args:
        rho: maps ``d`` to ``d`` features.
    """

    def __init__(self, rho: MLP) -> None:
        super().__init__()
        self.rho = rho

    def forward(self, x: Rows, sign: SignRows = None) -> Rows:
        return self.rho(x) + self.rho(-x)


class Mixed(nn.Module):
    """The form of each row's own symmetry.

    Args:
        positive: form of rows that can be rescaled.
        negated: form of rows that can change their sign.
    """

    def __init__(self, positive: nn.Module, negated: nn.Module) -> None:
        super().__init__()
        self.positive = positive
        self.negated = negated

    def forward(self, x: Rows, sign: SignRows = None) -> Rows:
        assert sign is not None
        return self.negated(x).where(sign, self.positive(x))


class EitherEnd(nn.Module):
    """Edges of a mixed network: the direction, made even where an end can change its sign.

    Args:
        negated: form of directions whose sign is free.
    """

    def __init__(self, negated: nn.Module) -> None:
        super().__init__()
        self.negated = negated

    def forward(self, x: Rows, sign: SignRows = None) -> Rows:
        assert sign is not None
        direction = unit(x)
        return self.negated(direction).where(sign, direction)

"""ScaleInv: functions that no factor of the symmetry changes."""

from abc import ABC, abstractmethod

from jaxtyping import Float
from torch import Tensor, nn

from scalegmn.nn.canonical import Rows, SignRows
from scalegmn.nn.mlp import MLP

Encoding = Float[Tensor, "*_rows _d"] | None


class RowFunction(nn.Module, ABC):
    """A function of feature vectors ``x``, perhaps with a second input that no symmetry changes."""

    @abstractmethod
    def forward(
        self, x: Rows, p: Encoding = None, sign: SignRows = None
    ) -> Float[Tensor, "*rows d_out"]:
        """The value at each row.

        Args:
            x: feature vectors.
            p: the second input: positional encodings, which broadcast against ``x``.
            sign: rows whose freedom is a sign; read in hetero networks only.
        """


class ScaleInv(RowFunction):
    r"""An invariant function of a feature vector.

    .. math:: \mathrm{ScaleInv}(x; p) = \rho([c(x), p])

    Unlike eq. (8), which canonicalises each component of a concatenation by itself, :math:`c` is
    taken of the whole vector, as in the published code.

    Reference: Kalogeropoulos et al., 2024, arXiv:2406.10685, eq. (8).

    Args:
        canonical: the canonical form :math:`c`.
        rho: of ``c(x)`` and, if there is a second input, of ``p``.
    """

    def __init__(self, canonical: nn.Module, rho: MLP) -> None:
        super().__init__()
        self.canonical = canonical
        self.rho = rho

    def forward(
        self, x: Rows, p: Encoding = None, sign: SignRows = None
    ) -> Float[Tensor, "*rows d_out"]:
        form = self.canonical(x, sign)
        return self.rho(form) if p is None else self.rho(form, p)


class HeteroScaleInv(RowFunction):
    """One function of rows that can be rescaled and one of rows that can change their sign.

    Args:
        positive: invariant under positive factors.
        signed: invariant under changes of sign.
    """

    def __init__(self, positive: RowFunction, signed: RowFunction) -> None:
        super().__init__()
        self.positive = positive
        self.signed = signed

    def forward(
        self, x: Rows, p: Encoding = None, sign: SignRows = None
    ) -> Float[Tensor, "*rows d_out"]:
        assert sign is not None
        return self.signed(x, p, sign).where(sign, self.positive(x, p, sign))

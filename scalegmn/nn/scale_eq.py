"""ScaleEq: functions that every factor of the symmetry passes through."""

from jaxtyping import Float
from torch import Tensor, nn

from scalegmn.nn.canonical import Rows, SignRows
from scalegmn.nn.scale_inv import Encoding, RowFunction


class ScaleEq(RowFunction):
    r"""An equivariant function of a feature vector: :math:`f(q\,x) = q\,f(x)`.

    .. math:: \mathrm{ScaleEq}(x; p) = (\Gamma x) \odot \mathrm{ScaleInv}(x; p)

    One layer, as in all published configs. Where :math:`x` is a concatenation, the blocks of
    :math:`\Gamma` are the paper's separate :math:`\Gamma_i`.

    Reference: Kalogeropoulos et al., 2024, arXiv:2406.10685, eq. (9).

    Args:
        gamma: :math:`\Gamma`, without bias.
        scale_inv: invariant under the symmetry of the rows.
    """

    def __init__(self, gamma: nn.Linear, scale_inv: RowFunction) -> None:
        super().__init__()
        self.gamma = gamma
        self.scale_inv = scale_inv

    def forward(
        self, x: Rows, p: Encoding = None, sign: SignRows = None
    ) -> Float[Tensor, "*rows d_out"]:
        return self.gamma(x) * self.scale_inv(x, p, sign)

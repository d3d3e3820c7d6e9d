"""ReScaleEq: products, whose factors are the products of their inputs' factors."""

from jaxtyping import Float
from torch import Tensor, nn


class ReScaleEq(nn.Module):
    r"""The product of an edge with the node at its start.

    .. math:: \mathrm{ReScaleEq}(e_{st}, h_s) = (\Gamma_e e_{st}) \odot (\Gamma_h h_s)

    As :math:`e_{st}` scales by :math:`q_t / q_s` and :math:`h_s` by :math:`q_s`, the product scales
    by :math:`q_t`, as the features of the node :math:`t` that it is sent to.

    Reference: Kalogeropoulos et al., 2024, arXiv:2406.10685, eq. (10).

    Args:
        d: width of edge and node features, and of the product.
    """

    def __init__(self, d: int) -> None:
        super().__init__()
        self.gamma_edge = nn.Linear(d, d, bias=False)
        self.gamma_node = nn.Linear(d, d, bias=False)

    def forward(self, e: Float[Tensor, "*_edges d"], h: Float[Tensor, "*_edges d"]) -> Tensor:
        return self.gamma_edge(e) * self.gamma_node(h)

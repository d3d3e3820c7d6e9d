import pytest
import torch
from torch import nn
from torch.testing import assert_close

from scalegmn.nn import ScaleEq, ScaleInv
from scalegmn.nn.canonical import Abs, UnitVector
from scalegmn.nn.mlp import MLP

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize(
    ("canonical", "q"), [(UnitVector(), 1e-6), (UnitVector(), 3e3), (Abs(), -1)]
)
def test_factors_pass_through(canonical, q):
    gamma = nn.Linear(4, 3, bias=False)
    f, x = ScaleEq(gamma, ScaleInv(canonical, MLP([4, 2], 8, 3))), torch.randn(5, 4)
    p = torch.randn(5, 2)
    assert_close(f(q * x, p), q * f(x, p), rtol=1e-9, atol=0)
    assert not torch.allclose(f(x, 2 * p), f(x, p))


def test_other_factors_do_not():
    f = ScaleEq(nn.Linear(4, 3, bias=False), ScaleInv(UnitVector(), MLP(4, 8, 3)))
    x = torch.randn(5, 4)
    assert not torch.allclose(f(-x), -f(x))

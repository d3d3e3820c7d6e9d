import pytest
import torch
from torch.testing import assert_close

from scalegmn.nn import ScaleInv
from scalegmn.nn.canonical import Abs, UnitVector
from scalegmn.nn.mlp import MLP
from scalegmn.nn.scale_inv import HeteroScaleInv

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("q", [1e-6, 0.5, 3e3])
def test_is_invariant_under_scaling_and_reads_the_direction(q):
    f, x = ScaleInv(UnitVector(), MLP(4, 8, 3)), torch.randn(5, 4)
    assert_close(f(q * x), f(x))
    assert not torch.allclose(f(-x), f(x))


def test_reads_its_second_input():
    f, x, p = ScaleInv(UnitVector(), MLP([4, 2], 8, 3)), torch.randn(5, 4), torch.randn(5, 2)
    assert_close(f(2 * x, p), f(x, p))
    assert not torch.allclose(f(x, 2 * p), f(x, p))


def test_hetero_rows_have_their_own_function():
    f = HeteroScaleInv(ScaleInv(UnitVector(), MLP(4, 8, 3)), ScaleInv(Abs(), MLP(4, 8, 3)))
    x, sign = torch.randn(6, 4), torch.arange(6).unsqueeze(1) % 2 == 0
    assert_close(f(-x, None, sign)[0::2], f(x, None, sign)[0::2])
    assert_close(f(3 * x, None, sign)[1::2], f(x, None, sign)[1::2])
    assert not torch.allclose(f(3 * x, None, sign)[0::2], f(x, None, sign)[0::2])
    assert not torch.allclose(f(-x, None, sign)[1::2], f(x, None, sign)[1::2])

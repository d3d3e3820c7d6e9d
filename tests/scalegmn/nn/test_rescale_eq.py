import pytest
import torch
from torch.testing import assert_close

from scalegmn.nn import ReScaleEq


@pytest.mark.usefixtures("float64")
def test_the_factor_is_the_product_of_factors():
    f, e, h = ReScaleEq(4), torch.randn(5, 4), torch.randn(5, 4)
    q_s, q_t = torch.rand(5, 1) + 0.1, torch.rand(5, 1) - 2
    assert_close(f(q_t / q_s * e, q_s * h), q_t * f(e, h))
    assert not torch.allclose(f(e + 1, h), f(e, h))

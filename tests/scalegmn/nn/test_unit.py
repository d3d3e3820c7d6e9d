import pytest
import torch
from torch.autograd import gradcheck
from torch.testing import assert_close

from scalegmn.nn.unit import log_norm, unit


@pytest.mark.parametrize("size", [1e-30, 1e-8, 1.0, 1e8, 1e30])
def test_is_the_direction_at_any_size_in_float32(size):
    x = torch.randn(7, 5)
    assert_close(unit(size * x), x / x.norm(dim=-1, keepdim=True))


def test_value_and_gradient_are_zero_at_zero():
    x = torch.zeros(2, 3, requires_grad=True)
    unit(x).sum().backward()
    assert torch.equal(unit(x), torch.zeros(2, 3))
    assert torch.equal(x.grad, torch.zeros(2, 3))


@pytest.mark.parametrize("size", [1e-44, 1e-35, 1e-30, 1e30])
def test_value_and_gradient_are_finite_for_any_number(size):
    x = torch.full((1, 3), size, requires_grad=True)
    (unit(x).sum() + log_norm(x)[0].sum()).backward()
    assert unit(x).isfinite().all()
    assert x.grad.isfinite().all()


@pytest.mark.usefixtures("float64")
def test_gradient():
    assert gradcheck(unit, torch.randn(4, 3, requires_grad=True))
    assert gradcheck(lambda x: log_norm(x)[0], torch.randn(4, 3, requires_grad=True))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_widened(dtype):
    x = torch.full((1, 4), 2.0**-12, dtype=dtype)  # its square underflows in float16
    assert_close(unit(x), torch.full((1, 4), 0.5, dtype=dtype))


def test_sees_the_sign():
    x = torch.randn(5, 3)
    assert_close(unit(-x), -unit(x))


def test_log_norm_is_right_from_tiny_to_huge():
    x = torch.tensor([[3e-30, 4e-30], [3e30, 4e30], [0.0, 0.0]])
    value, zero = log_norm(x)
    assert_close(value[:2, 0], torch.tensor([5e-30, 5e30]).log())
    assert zero[:, 0].tolist() == [False, False, True]


def test_vmap():
    x = torch.randn(3, 4, 5)
    assert_close(torch.func.vmap(unit)(x), unit(x))

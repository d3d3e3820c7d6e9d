import pytest
import torch
from torch.testing import assert_close

from scalegmn.graph import Role
from scalegmn.nn import NodeState
from scalegmn.nn.bounded_message import BoundedMessage, strength
from scalegmn.nn.canonical import UnitVector
from scalegmn.nn.mlp import MLP
from scalegmn.nn.unit import log_norm

pytestmark = pytest.mark.usefixtures("float64")


@pytest.fixture
def msg():
    return BoundedMessage(UnitVector(), UnitVector(), MLP([4] * 3, 8, 4), [Role.HIDDEN])


def sent(msg, h_j, e, h_i):
    x_j, x_i = NodeState(h_j, h_j), NodeState(h_i, h_i)
    return msg.update(h_i, msg.message(x_j, e, x_i, Role.HIDDEN))


@pytest.mark.parametrize("size", [1e-3, 1e3])
def test_scales_like_the_receiver(msg, size):
    h_j, e, h_i = torch.randn(3, 1, 5, 4)
    q_j, q_i = size * torch.rand(2, 1, 5, 1) + 1e-3
    after = sent(msg, q_j * h_j, q_j / q_i * e, q_i * h_i)
    assert_close(after, q_i * sent(msg, h_j, e, h_i), rtol=1e-9, atol=0)


def test_strength_is_the_formula_of_the_docstring():
    e, h_i, h_j = torch.randn(3, 1, 5, 4)
    along = e.norm(dim=-1) * h_i.norm(dim=-1)
    expected = along / (h_j.norm(dim=-1) + along)
    assert_close(strength(log_norm(e), log_norm(h_i), log_norm(h_j)).squeeze(-1), expected)


def test_zero_edges_send_nothing_and_tiny_ones_little(msg):
    h_j, e, h_i = torch.randn(3, 1, 5, 4)
    assert not sent(msg, h_j, 0 * e, h_i).any()
    assert sent(msg, h_j, 1e-15 * e, h_i).abs().max() < 1e-13

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from scalegmn.graph import Role
from scalegmn.nn import NodeState, ScaleEq, ScaleInv
from scalegmn.nn.canonical import UnitVector
from scalegmn.nn.mlp import MLP
from scalegmn.nn.per_role import PerRole
from scalegmn.nn.scale_eq_message import ScaleEqMessage

pytestmark = pytest.mark.usefixtures("float64")


def build(positional):
    d_in = [4, 4] if positional else [4]
    function = ScaleEq(nn.Linear(4, 4, bias=False), ScaleInv(UnitVector(), MLP(d_in, 8, 4)))
    return ScaleEqMessage(4, PerRole({Role.HIDDEN: function}), positional=positional)


@pytest.mark.parametrize("positional", [False, True])
def test_scales_like_the_receiver(positional):
    msg, (h_j, e, h_i, p_j, p_i) = build(positional), torch.randn(5, 6, 4)
    q_j, q_i = torch.rand(2, 6, 1) + 0.01
    before = msg.message(NodeState(h_j, p_j), e, NodeState(h_i, p_i), Role.HIDDEN)
    ends = NodeState(q_j * h_j, p_j), NodeState(q_i * h_i, p_i)
    after = msg.message(ends[0], q_i / q_j * e, ends[1], Role.HIDDEN)
    assert_close(after, q_i * before)
    other = msg.message(NodeState(h_j, -p_j), e, NodeState(-h_i, p_i), Role.HIDDEN)
    assert_close(other, before)  # Neither the sender's encoding nor the receiver's features count.
    moved = msg.message(NodeState(h_j, p_j), e, NodeState(h_i, -p_i), Role.HIDDEN)
    assert torch.allclose(moved, before) != positional

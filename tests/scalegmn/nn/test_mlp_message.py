import torch
from torch.testing import assert_close

from scalegmn.graph import Role
from scalegmn.nn import NodeState
from scalegmn.nn.mlp import MLP
from scalegmn.nn.mlp_message import MLPMessage


def test_is_the_mlp_of_edge_and_sender():
    msg, (h_j, e, h_i) = MLPMessage(MLP([4, 4], 8, 4), [Role.HIDDEN]), torch.randn(3, 6, 4)
    found = msg.message(NodeState(h_j, h_j), e, NodeState(h_i, h_i), Role.HIDDEN)
    assert_close(found, msg.mlp(e, h_j))
    total = found.sum(0).view(1, 1, 4)
    assert msg.update(torch.zeros(1, 1, 4), total) is total

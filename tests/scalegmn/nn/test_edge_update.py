import pytest
import torch
from torch import nn
from torch.testing import assert_close

from scalegmn.nn import NodeState
from scalegmn.nn.canonical import UnitVector
from scalegmn.nn.edge_update import MLPEdgeUpdate, ScaleEqEdgeUpdate
from scalegmn.nn.mlp import MLP

pytestmark = pytest.mark.usefixtures("float64")


def nodes():
    return NodeState(torch.randn(5, 4), torch.randn(5, 4))


def test_an_edge_keeps_its_scale_and_reads_directions_of_its_ends():
    upd = ScaleEqEdgeUpdate(nn.Linear(4, 3, bias=False), UnitVector(), MLP([4, 4], 8, 3))
    e, s, t = torch.randn(5, 4), nodes(), nodes()
    expected = upd(e, s, t)
    assert expected.shape == (5, 3)
    assert_close(upd(0.01 * e, NodeState(5 * s.h, s.p), t), 0.01 * expected)
    assert not torch.allclose(upd(e, t, s), expected)


def test_without_symmetry_it_reads_sizes():
    upd, e, s, t = MLPEdgeUpdate(MLP([4, 4, 4], 8, 3)), torch.randn(5, 4), nodes(), nodes()
    assert not torch.allclose(upd(2 * e, s, t), 2 * upd(e, s, t))
    assert not torch.allclose(upd(e, t, s), upd(e, s, t))

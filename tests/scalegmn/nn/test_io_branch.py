import pytest
import torch
from torch import nn

from scalegmn.graph import Role
from scalegmn.nn import GatedIO, PlainIO, ScaleEq, ScaleInv
from scalegmn.nn.canonical import UnitVector
from scalegmn.nn.widths import Widths


@pytest.fixture
def hidden():
    return ScaleEq(nn.Linear(4, 4, bias=False), ScaleInv(UnitVector(), Widths(4).mlp(4, 4)))


@pytest.mark.parametrize("branch", [PlainIO, GatedIO])
def test_inputs_and_outputs_have_one_function_or_one_each(branch, hidden):
    for separate in (False, True):
        functions = branch(separate).build(hidden, Widths(4), [4], 4, Role)
        assert functions[Role.HIDDEN] is hidden
        assert (functions[Role.INPUT] is functions[Role.OUTPUT]) == (not separate)


@pytest.mark.parametrize("branch", [PlainIO(), GatedIO()])
def test_fixed_nodes_are_read_with_their_size(branch, hidden):
    function, x = branch.function(hidden, Widths(4), [4], 4), torch.randn(5, 4)
    assert not torch.allclose(function(2 * x), 2 * function(x))
    assert not torch.allclose(function(2 * x), function(x))


def test_a_gated_branch_shares_the_linear_map(hidden):
    assert GatedIO().function(hidden, Widths(4), [4], 4).gamma is hidden.gamma

import pytest
import torch
from torch.testing import assert_close

from scalegmn.nn.canonical import (
    Abs,
    HeteroEdge,
    HeteroNode,
    Identity,
    SignSymmetrized,
    UnitVector,
)
from scalegmn.nn.mlp import MLP

pytestmark = pytest.mark.usefixtures("float64")


@pytest.fixture
def x():
    return torch.randn(6, 4)


def test_identity_changes_nothing(x):
    assert Identity()(x) is x


@pytest.mark.parametrize("q", [1e-6, 0.5, 3e3])
def test_unit_vector_forgets_the_size_and_keeps_the_sign(x, q):
    assert_close(UnitVector()(q * x), UnitVector()(x))
    assert not torch.allclose(UnitVector()(-x), UnitVector()(x))


@pytest.mark.parametrize("symmetrized", [False, True])
def test_sign_forms_forget_the_sign_and_keep_the_size(x, symmetrized):
    form = SignSymmetrized(MLP(4, 8, 4)) if symmetrized else Abs()
    assert_close(form(-x), form(x))
    assert not torch.allclose(form(2 * x), form(x))


def test_hetero_nodes_have_their_own_form(x):
    form, sign = HeteroNode(UnitVector(), Abs()), torch.arange(6).unsqueeze(1) % 2 == 0
    assert_close(form(x, sign)[0::2], x[0::2].abs())
    assert_close(form(x, sign)[1::2], UnitVector()(x[1::2]))


def test_hetero_edges_forget_the_size_and_a_free_sign(x):
    form, sign = HeteroEdge(Abs()), torch.arange(6).unsqueeze(1) % 2 == 0
    assert_close(form(3 * x, sign), form(x, sign))
    assert_close(form(-x, sign)[0::2], form(x, sign)[0::2])
    assert_close(form(-x, sign)[1::2], -form(x, sign)[1::2])

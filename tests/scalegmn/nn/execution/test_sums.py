import pytest
import torch
from torch import nn
from torch.autograd import gradcheck
from torch.testing import assert_close

from scalegmn.nn.canonical import Identity, UnitVector
from scalegmn.nn.execution.row_functions import summed
from scalegmn.nn.execution.split_mlp import finish_summed, term
from scalegmn.nn.execution.sums import AxisSum, IndexSum
from scalegmn.nn.mlp import MLP
from scalegmn.nn.scale_eq import ScaleEq
from scalegmn.nn.scale_inv import ScaleInv

D = 3


@pytest.fixture
def rows():
    """On the edges of a dense block (batch, target, source, d)."""
    torch.manual_seed(0)
    return torch.randn(2, 4, 9, D, dtype=torch.float64, requires_grad=True)


def function(canonical, equivariant):
    inv = ScaleInv(canonical, MLP(D, D, D))
    return (ScaleEq(nn.Linear(D, D, bias=False), inv) if equivariant else inv).double()


@pytest.mark.parametrize("axis", [1, 2])
@pytest.mark.parametrize("canonical", [Identity(), UnitVector()], ids=str)
@pytest.mark.parametrize("equivariant", [False, True])
def test_the_sum_is_that_of_the_values(rows, equivariant, canonical, axis):
    f, add = function(canonical, equivariant), AxisSum(axis, rows.shape[axis])
    expected = f(rows, None, None).sum(axis)
    found = summed(f, rows, None, None, add)
    assert_close(found, expected, rtol=1e-10, atol=1e-12)
    inputs = [rows, *f.parameters()]
    weight = torch.randn_like(expected)
    wanted = torch.autograd.grad(expected, inputs, weight)
    assert_close(torch.autograd.grad(found, inputs, weight), wanted, rtol=1e-9, atol=1e-11)


def test_products_serve_long_sums_only(rows):
    assert AxisSum(2, 9).prefers_products(D)
    assert not AxisSum(1, 4).prefers_products(D)
    assert not IndexSum.over(torch.arange(9), 9).prefers_products(D)


@pytest.mark.parametrize("axis", [1, 2])
def test_products_are_sums_of_outer_products(rows, axis):
    other = torch.randn_like(rows, requires_grad=True)
    add = AxisSum(axis, rows.shape[axis])
    expected = torch.einsum("bois,boit->boist", rows, other).sum(axis)
    assert_close(add.products(rows, other), expected)
    assert gradcheck(add.products, (rows, other))


def test_products_are_those_of_any_sum():
    rows, other = torch.randn(2, 7, D), torch.randn(2, 7, D)
    index = torch.tensor([0, 3, 3, 1, 0, 3, 1])
    expected = torch.zeros(2, 4, D, D)
    for edge, node in enumerate(index.tolist()):
        expected[:, node] += rows[:, edge, :, None] * other[:, edge, None, :]
    assert_close(IndexSum.over(index, 4).products(rows, other), expected)


def test_a_weighted_sum_counts_the_bias_with_its_weights(rows):
    mlp, weight = MLP(D, D, D).double(), torch.rand(2, 4, 9, 1, dtype=torch.float64)
    found = finish_summed(mlp, term(mlp, 0, rows), AxisSum(2, 9), weight)
    assert_close(found, (weight * mlp(rows)).sum(2))


def test_sums_by_index_count_their_edges(rows):
    index = torch.tensor([0, 2, 2, 0, 2, 2, 2, 0, 2])
    edges, mlp = rows[:, 0], MLP(D, D, D).double()
    expected = edges.new_zeros(2, 3, D).index_add(1, index, mlp(edges))
    found = finish_summed(mlp, term(mlp, 0, edges), IndexSum.over(index, 3))
    assert_close(found, expected)

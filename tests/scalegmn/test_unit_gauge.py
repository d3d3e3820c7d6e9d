import pytest
import torch
from torch.func import functional_call
from torch.testing import assert_close

from scalegmn.graph import NetworkGraph
from scalegmn.symmetry import PermScale
from scalegmn.testing import random_networks
from scalegmn.unit_gauge import with_unit_inputs
from tests.scalegmn.architectures import RELU, random_cnn

pytestmark = pytest.mark.usefixtures("float64")


@pytest.fixture(params=range(4))
def case(request):
    net, x = random_cnn(request.param, RELU)
    graph = NetworkGraph.from_module(net, x)
    return net, x, graph, random_networks(graph, 3)


def single(networks, k=0):
    return {name: p[k] for name, p in networks.items()}


def test_the_function_stays(case):
    net, x, graph, networks = case
    params = single(networks)
    found = functional_call(net, with_unit_inputs(graph, params), x)
    assert_close(found, functional_call(net, params, x))


def test_equal_networks_have_one_form(case):
    _, _, graph, networks = case
    g = PermScale.sample(graph, spread=1e3)
    g = PermScale(graph, torch.arange(graph.num_nodes), g.scale)
    expected = with_unit_inputs(graph, networks)
    assert_close(with_unit_inputs(graph, g.on_parameters(networks)), expected)
    assert_close(single(expected, 1), with_unit_inputs(graph, single(networks, 1)))


def test_incoming_weights_have_norm_one(case):
    _, _, graph, networks = case
    found = with_unit_inputs(graph, networks)
    block = graph.blocks[0]
    squares = found[block.weight].flatten(2).square().sum(2)
    bias = graph.groups[block.target].bias
    if bias is not None:
        squares = squares + found[bias].square()
    assert_close(squares, torch.ones_like(squares))


def test_dead_units_have_finite_gradients(case):
    _, _, graph, networks = case
    params = {name: torch.zeros_like(p).requires_grad_() for name, p in single(networks).items()}
    found = with_unit_inputs(graph, params)
    sum(p.sum() for p in found.values()).backward()
    assert all(not p.any() for p in found.values())
    assert all(bool(p.grad.isfinite().all()) for p in params.values())

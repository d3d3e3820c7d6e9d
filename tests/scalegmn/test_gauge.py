import pytest
import torch
from torch.func import functional_call
from torch.testing import assert_close

from scalegmn.gauge import balancing
from scalegmn.graph import NetworkGraph
from scalegmn.symmetry import PermScale
from scalegmn.testing import random_networks
from tests.scalegmn.architectures import RELU, random_cnn

pytestmark = pytest.mark.usefixtures("float64")


def norm(params, order=2):
    return sum(v.abs().pow(order).sum().item() for v in params.values())


@pytest.fixture(params=range(4))
def case(request):
    net, x = random_cnn(request.param, RELU)
    graph = NetworkGraph.from_module(net, x)
    return net, x, graph, {k: v[0] for k, v in random_networks(graph, 1).items()}


@pytest.fixture(params=[1, 2])
def order(request):
    return request.param


def test_balancing_leaves_the_function_and_lowers_the_norm(case, order):
    net, x, graph, params = case
    balanced = balancing(graph, params, order=order).on_parameters(params)
    before, after = functional_call(net, params, x), functional_call(net, balanced, x)
    assert_close(after, before, rtol=1e-12, atol=1e-12 * float(before.abs().max()))
    assert norm(balanced, order) < norm(params, order)


def test_no_other_scales_have_a_smaller_norm(case, order):
    _, _, graph, params = case
    balanced = balancing(graph, params, order=order).on_parameters(params)
    for _ in range(5):
        g = PermScale.sample(graph, spread=1.01)
        assert norm(g.on_parameters(balanced), order) > norm(balanced, order)


def test_all_equal_networks_have_the_same_balanced_magnitudes(case, order):
    _, _, graph, params = case
    g = PermScale.sample(graph, spread=100.0)
    g = PermScale(graph, torch.arange(graph.num_nodes), g.scale)
    moved = g.on_parameters(params)
    expected = balancing(graph, params, order=order).on_parameters(params)
    found = balancing(graph, moved, order=order).on_parameters(moved)
    assert_close(found, expected, rtol=1e-4, atol=1e-6)


def test_dead_units_keep_their_scale():
    net, x = random_cnn(0, RELU)
    graph = NetworkGraph.from_module(net, x)
    params = {k: torch.zeros_like(v) for k, v in net.named_parameters()}
    assert torch.equal(balancing(graph, params).scale, torch.ones(graph.num_nodes))

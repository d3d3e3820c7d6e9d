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


def norm(params):
    return sum(v.square().sum().item() for v in params.values())


@pytest.fixture(params=range(4))
def case(request):
    net, x = random_cnn(request.param, RELU)
    graph = NetworkGraph.from_module(net, x)
    return net, x, graph, {k: v[0] for k, v in random_networks(graph, 1).items()}


def test_balancing_leaves_the_function_and_lowers_the_norm(case):
    net, x, graph, params = case
    balanced = balancing(graph, params).on_parameters(params)
    assert_close(functional_call(net, balanced, x), functional_call(net, params, x))
    assert norm(balanced) < norm(params)


def test_no_other_scales_have_a_smaller_norm(case):
    _, _, graph, params = case
    balanced = balancing(graph, params).on_parameters(params)
    for _ in range(5):
        g = PermScale.sample(graph, spread=1.01)
        assert norm(g.on_parameters(balanced)) > norm(balanced)


def test_all_equal_networks_have_the_same_balanced_magnitudes(case):
    _, _, graph, params = case
    g = PermScale.sample(graph, spread=100.0)
    g = PermScale(graph, torch.arange(graph.num_nodes), g.scale)
    moved = g.on_parameters(params)
    expected = balancing(graph, params).on_parameters(params)
    assert_close(balancing(graph, moved).on_parameters(moved), expected, rtol=1e-4, atol=1e-6)


def test_dead_units_keep_their_scale():
    net, x = random_cnn(0, RELU)
    graph = NetworkGraph.from_module(net, x)
    params = {k: torch.zeros_like(v) for k, v in net.named_parameters()}
    assert torch.equal(balancing(graph, params).scale, torch.ones(graph.num_nodes))

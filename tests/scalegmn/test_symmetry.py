from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.testing import assert_close

from scalegmn.graph import NetworkGraph
from scalegmn.graph.groups import SIGN as SIGN_FREEDOM
from scalegmn.symmetry import PermScale
from scalegmn.testing import random_networks
from tests.scalegmn.architectures import OTHER, RELU, SIGN, random_cnn

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("activations", [RELU, SIGN, OTHER], ids=["relu", "sign", "other"])
@pytest.mark.parametrize("seed", range(8))
def test_the_function_stays_the_same(seed, activations):
    net, x = random_cnn(seed, activations)
    graph = NetworkGraph.from_module(net, x)
    params = {k: v[0] for k, v in random_networks(graph, 1).items()}
    g = PermScale.sample(graph)
    while torch.equal(g.perm, torch.arange(graph.num_nodes)):
        g = PermScale.sample(graph)
    moved = g.on_parameters(params)
    assert_close(functional_call(net, moved, x), functional_call(net, params, x))


@pytest.mark.parametrize("seed", range(4))
def test_the_inverse_undoes(seed):
    net, x = random_cnn(seed, RELU)
    graph = NetworkGraph.from_module(net, x)
    params = random_networks(graph, 2)
    g = PermScale.sample(graph)
    assert_close(g.inverse().on_parameters(g.on_parameters(params)), params)


def test_a_max_pool_taken_for_sign_symmetric_would_be_caught():
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Tanh(), nn.MaxPool2d(2), nn.Conv2d(4, 2, 2)).eval()
    x = torch.randn(3, 1, 8, 8)
    graph = NetworkGraph.from_module(net, x)
    groups = list(graph.groups)
    groups[1] = replace(groups[1], freedom=SIGN_FREEDOM)
    wrong = replace(graph, groups=tuple(groups))
    params = {name: p.detach() for name, p in net.named_parameters()}
    g = PermScale.sample(wrong, generator=torch.Generator().manual_seed(3))
    assert (g.scale < 0).any()
    moved = functional_call(net, g.on_parameters(params), x)
    assert not torch.allclose(moved, functional_call(net, params, x), rtol=1e-2)


def test_inputs_and_outputs_stay():
    net, x = random_cnn(0, RELU)
    graph = NetworkGraph.from_module(net, x)
    g = PermScale.sample(graph)
    for nodes in (graph.node_slices[0], graph.node_slices[-1]):
        assert torch.equal(g.perm[nodes], torch.arange(nodes.start, nodes.stop))
        assert torch.equal(g.scale[nodes], torch.ones(nodes.stop - nodes.start))

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.testing import assert_close

from scalegmn.graph import NetworkGraph
from scalegmn.graph.groups import SIGN as SIGN_FREEDOM
from scalegmn.nn import Hetero, Permutation, Scale, Sign
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


def identity_between_relu_and_tanh():
    net = nn.Sequential(
        nn.Linear(2, 5), nn.ReLU(), nn.Linear(5, 6), nn.Tanh(), nn.Linear(6, 5), nn.Linear(5, 4),
        nn.GELU(), nn.Linear(4, 1),
    )  # fmt: skip
    return NetworkGraph.from_module(net, torch.randn(1, 2))


@pytest.mark.parametrize(
    ("kind", "drawn"),
    [
        (None, "+-*."),
        (Scale(), "+.+."),
        (Sign(), ".--."),
        (Hetero(), "+-+."),
        (Permutation(), "...."),
    ],
)
def test_an_element_of_a_kinds_group_is_drawn(kind, drawn):
    graph = identity_between_relu_and_tanh()
    g = PermScale.sample(graph, kind=kind, spread=10.0)
    for nodes, freedom in zip(graph.node_slices[1:-1], drawn, strict=True):
        scale = g.scale[nodes]
        assert bool((scale.abs() != 1).all()) == (freedom in "+*"), freedom
        assert (scale > 0).all() or freedom in "-*"
        assert not torch.equal(g.perm[nodes], torch.arange(nodes.start, nodes.stop))


@pytest.mark.parametrize("default", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("dtype", "error"), [(torch.float64, 1e-15), (torch.float32, 5e-7), (torch.bfloat16, 3e-2)]
)
def test_factors_have_the_precision_of_the_parameters(default, dtype, error):
    torch.set_default_dtype(default)  # the fixture restores it
    graph = identity_between_relu_and_tanh()
    params = random_networks(graph, 2, dtype=dtype)
    g = PermScale.sample(graph)
    moved = g.on_parameters(params)
    assert {p.dtype for p in moved.values()} == {dtype}
    back = g.inverse().on_parameters(moved)
    assert all(torch.allclose(back[k], p, rtol=error, atol=0) for k, p in params.items())


def test_parameters_and_features_are_moved_alike():
    net, x = random_cnn(1, RELU)
    graph = NetworkGraph.from_module(net, x)
    params = random_networks(graph, 3)
    g = PermScale.sample(graph)
    by_features = graph.parameters(*g.on_features(*graph.features(params)))
    assert all(torch.equal(p, by_features[k]) for k, p in g.on_parameters(params).items())

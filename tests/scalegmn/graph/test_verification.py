from dataclasses import replace

import pytest
import torch
from torch import nn

from scalegmn.graph import NetworkGraph, fold_batch_norm
from scalegmn.graph.groups import ANY_FACTOR, POSITIVE, SIGN
from scalegmn.graph.verification import moving_element, verify_folding, verify_symmetries
from scalegmn.targets import Sine
from tests.scalegmn.architectures import OTHER, RELU, random_cnn
from tests.scalegmn.architectures import SIGN as ODD


def claiming(graph, freedom):
    """The graph with another freedom of its first hidden group."""
    groups = list(graph.groups)
    groups[1] = replace(groups[1], freedom=freedom)
    return replace(graph, groups=tuple(groups))


def net_of(*between):
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), *between, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)
    )


X = torch.zeros(1, 1, 8, 8)


@pytest.mark.parametrize(
    ("between", "claimed"),
    [
        ([nn.Tanh(), nn.MaxPool2d(2)], SIGN),
        ([nn.ReLU()], SIGN),
        ([nn.ReLU()], ANY_FACTOR),
        ([nn.Tanh()], POSITIVE),
        ([nn.GELU()], POSITIVE),
        ([nn.GELU()], SIGN),
        ([nn.ConstantPad2d(1, 1.0), nn.ReLU()], POSITIVE),
    ],
)
def test_a_freedom_that_the_network_does_not_have_is_refused(between, claimed):
    net = net_of(*between)
    graph = NetworkGraph.from_module(net, X)
    verify_symmetries(net, graph, X)
    with pytest.raises(ValueError, match="Sequential: permuting and rescaling .* would be wrong"):
        verify_symmetries(net, claiming(graph, claimed), X)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_channels_that_are_treated_differently_are_refused(dtype):
    net = net_of(nn.GELU()).to(dtype)
    graph = NetworkGraph.from_module(net, X.to(dtype))
    net[1].register_forward_hook(lambda m, args, y: y + torch.arange(4).view(4, 1, 1))
    with pytest.raises(ValueError, match="would be wrong"):
        verify_symmetries(net, graph, X.to(dtype))


def test_a_module_that_casts_is_verified_in_its_own_precision():
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 4), nn.GELU(), nn.Linear(4, 2))
    net.register_forward_pre_hook(lambda m, args: args[0].float() / 255)
    x = torch.zeros(2, 1, 8, 8, dtype=torch.uint8)
    graph = NetworkGraph.from_module(net, x)
    with pytest.raises(ValueError, match="would be wrong"):
        verify_symmetries(net, claiming(graph, POSITIVE), x)


@pytest.mark.parametrize("activations", [RELU, ODD, OTHER], ids=["relu", "odd", "other"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_what_a_graph_says_holds(activations, dtype):
    for seed in range(6):
        net, x = random_cnn(seed, activations)
        NetworkGraph.from_module(net.to(dtype), x.to(dtype))


@pytest.mark.parametrize("value", [0.0, float("nan"), 1e-30, 1e30])
def test_parameters_that_hide_everything_hide_nothing(value):
    net = net_of(nn.Tanh())
    graph = NetworkGraph.from_module(net, X)
    for parameter in net.parameters():
        nn.init.constant_(parameter, value)
    verify_symmetries(net, graph, X)
    with pytest.raises(ValueError, match="would be wrong"):
        verify_symmetries(net, claiming(graph, POSITIVE), X)


def sines(depth):
    layers = [m for _ in range(depth) for m in (nn.Linear(16, 16), Sine(30.0))]
    return nn.Sequential(*layers, nn.Linear(16, 1))


def test_rounding_that_a_deep_network_amplifies_is_no_error():
    x = torch.zeros(6, 16)
    net = sines(8)
    graph = NetworkGraph.from_module(net, x)
    with pytest.raises(ValueError, match="would be wrong"):
        verify_symmetries(net, claiming(graph, POSITIVE), x)
    with pytest.raises(ValueError, match="rounding alone changes its output.*verify=False"):
        NetworkGraph.from_module(sines(25), x)


def test_an_output_that_is_not_finite_is_refused():
    net = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 2))
    net.register_forward_hook(lambda m, args, y: (y.abs() * 1e5).exp())
    with pytest.raises(ValueError, match="not finite on random parameters.*verify=False"):
        NetworkGraph.from_module(net, torch.zeros(2, 3))
    assert NetworkGraph.from_module(net, torch.zeros(2, 3), verify=False).num_nodes == 8


def test_without_verification_a_graph_can_be_read_on_the_meta_device():
    with torch.device("meta"):
        net, x = net_of(nn.ReLU()), torch.zeros(1, 1, 8, 8)
    with pytest.raises(ValueError, match="no graph can be verified on the meta device"):
        NetworkGraph.from_module(net, x)
    assert NetworkGraph.from_module(net, x, verify=False).groups[1].freedom == POSITIVE


def test_every_unit_moves_and_every_free_factor_differs_from_1():
    net = nn.Sequential(
        nn.Linear(2, 5), nn.ReLU(), nn.Linear(5, 2), nn.Tanh(), nn.Linear(2, 1), nn.Sigmoid(),
        nn.Linear(1, 3),
    )  # fmt: skip
    graph = NetworkGraph.from_module(net, torch.zeros(1, 2))
    g = moving_element(graph, torch.Generator().manual_seed(0))
    fixed = g.perm == torch.arange(graph.num_nodes)
    assert fixed.tolist() == [True] * 2 + [False] * 7 + [True] * 4
    assert (g.scale != 1)[2:7].all()
    assert (g.scale[7:9] < 0).any()
    assert (g.scale[[0, 1, 9, 10, 11, 12]] == 1).all()


def test_a_wrong_folding_is_refused():
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2))
    net(torch.randn(9, 3) + 1)
    verify_folding(net, fold_batch_norm(net), torch.zeros(2, 3))
    folded = fold_batch_norm(net)
    folded[0].bias.data += 0.1
    with pytest.raises(ValueError, match="folding its batch normalisation changes its output"):
        verify_folding(net, folded, torch.zeros(2, 3))


def test_a_normalisation_of_another_axis_is_refused():
    # Of three positions, not of the linear layer's three outputs.
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.Linear(3, 1))
    net(torch.randn(9, 3, 2) * torch.tensor([1.0, 2.0, 3.0])[:, None])
    with pytest.raises(ValueError, match="folding its batch normalisation changes its output"):
        NetworkGraph.from_module(net, torch.zeros(2, 3, 2))

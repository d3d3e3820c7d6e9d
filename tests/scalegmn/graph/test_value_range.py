import copy

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from scalegmn import readout
from scalegmn.graph import NetworkGraph, check_range, in_range
from scalegmn.graph.value_range import largest_value
from scalegmn.metanetwork import Functional
from scalegmn.nn import Architecture, Permutation, Scale, Sign
from scalegmn.targets import VGG, SmallCNN


def read(net, size=32):
    graph = NetworkGraph.from_module(net, torch.zeros(1, 1, size, size))
    return graph, {name: p.detach().clone() for name, p in net.named_parameters()}


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("name", ["fc.bias", "features.3.weight"])
def test_what_is_not_finite_is_refused_by_name(name, bad):
    graph, params = read(SmallCNN())
    params[name].view(-1)[3] = bad
    with pytest.raises(ValueError, match=f"^{name} holds NaN or infinity"):
        check_range(graph, params, 4)
    assert not in_range(graph, params, 0)


@pytest.mark.parametrize("name", ["fc.bias", "features.3.weight"])
def test_one_large_weight_is_refused_with_its_name_and_the_limit(name):
    graph, params = read(SmallCNN())
    params[name].view(-1)[3] = -1e20
    message = rf"^{name} makes values of 1\.0e\+20: metanetworks read at most 1\.8e\+15"
    with pytest.raises(ValueError, match=message):
        check_range(graph, params, 4)
    check_range(graph, {n: p.double() for n, p in params.items()}, 4)


def test_sums_of_messages_count_as_far_as_a_metanetwork_sees():
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))
    graph = NetworkGraph.from_module(net, torch.zeros(1, 2))
    params = {n: torch.full_like(p, 1e6 if p.ndim > 1 else 0.0) for n, p in net.named_parameters()}
    # sqrt(2) 1e6 to the power of the rounds.
    check_range(graph, params, 2)
    with pytest.raises(ValueError, match=r"^4\.weight makes values of 2\.8e\+18"):
        check_range(graph, params, 3)
    batch = {n: torch.stack([p, p / 1e6, p * 1e10]) for n, p in params.items()}
    assert in_range(graph, batch, 3).tolist() == [False, True, False]
    assert in_range(graph, batch, 2).tolist() == [True, True, False]


def test_a_bias_is_where_sums_begin():
    net = nn.Sequential(nn.Linear(1, 1), nn.ReLU(), nn.Linear(1, 1))
    graph = NetworkGraph.from_module(net, torch.zeros(1, 1))
    params = {n: torch.full_like(p, 1e9) for n, p in net.named_parameters()}
    check_range(graph, params, 0)
    with pytest.raises(ValueError, match=r"^2\.weight makes values of 1\.0e\+18"):
        check_range(graph, params, 1)


def test_dense_and_deep_networks_as_they_are_trained_are_read():
    net = VGG(19, in_channels=1, width=8)
    for parameter in net.parameters():
        parameter.data *= 3
    check_range(*read(net), 19)


@pytest.mark.parametrize("preserve_size", [False, True])
@pytest.mark.parametrize("kind", [Scale(), Sign(), Permutation()], ids=str)
def test_what_is_admitted_is_read_right_in_float32(kind, preserve_size):
    activation = nn.Tanh if isinstance(kind, Sign) else nn.ReLU
    graph, params = read(SmallCNN(activation=activation))
    arch = Architecture(kind=kind, d=8, preserve_size=preserve_size)
    model = Functional(graph, arch, readout=readout.last_layer).eval()
    exact = copy.deepcopy(model).double()
    factors = 10 ** torch.arange(0.0, 21.0, dtype=torch.float64)
    for name in ("features.0.weight", "fc.weight", "fc.bias", "all"):
        batch = {
            n: torch.stack([p * f if name in (n, "all") else p for f in factors.float()])
            for n, p in params.items()
        }
        admitted = in_range(graph, batch, 4)
        assert admitted[:4].all() and not admitted[-1]
        some = {n: p[admitted] for n, p in batch.items()}
        with torch.no_grad():
            expected = exact(graph, {n: p.double() for n, p in some.items()}).float()
            assert_close(model(graph, some), expected, rtol=1e-2, atol=1e-2)


def test_the_limit_is_that_of_the_precision():
    assert largest_value(torch.float32) == pytest.approx(1.84e15, rel=0.01)
    assert largest_value(torch.float64) > 1e149

import itertools
import math

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from scalegmn.graph import NetworkGraph
from scalegmn.path_strength import LOWEST, path_strength
from scalegmn.targets import VGG, SmallCNN
from scalegmn.testing import random_networks


@pytest.fixture
def net():
    return nn.Sequential(
        nn.Conv2d(2, 3, (1, 2)), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2),
    ).double()  # fmt: skip


def standardized(values):
    return (values - values.mean()) / values.std(correction=0)


def test_it_is_the_sum_over_all_paths(net):
    graph = NetworkGraph.from_module(net, torch.zeros(1, 2, 4, 4).double())
    params = dict(net.named_parameters())
    first, second, third = (params[f"{k}.weight"].detach().abs() for k in (0, 4, 6))
    sums = [torch.zeros_like(first), torch.zeros_like(second), torch.zeros_like(third)]
    ends = (range(2), range(3), range(4), range(2), range(2))
    for i, j, k, o, column in itertools.product(*ends):
        weights = (first, (j, i, 0, column)), (second, (k, j)), (third, (o, k))
        strength = math.prod(float(w[where]) for w, where in weights)
        for total, (_, where) in zip(sums, weights, strict=True):
            total[where] += strength
    expected = standardized(torch.cat([total.flatten() for total in sums]).log())
    found = path_strength(graph, params)
    assert list(found) == ["0.weight", "4.weight", "6.weight"]
    assert_close(torch.cat([v.flatten() for v in found.values()]), expected)
    assert all(value.shape == params[name].shape for name, value in found.items())


def test_each_network_of_a_batch_is_measured_by_itself():
    graph = NetworkGraph.from_module(SmallCNN(width=4), torch.zeros(1, 1, 32, 32))
    networks = random_networks(graph, 3)
    whole = path_strength(graph, networks)
    for i in range(3):
        single = path_strength(graph, {name: value[i] for name, value in networks.items()})
        for name, value in single.items():
            assert_close(whole[name][i], value)


def test_weights_without_a_path_are_lowest():
    graph = NetworkGraph.from_module(SmallCNN(width=4), torch.zeros(1, 1, 32, 32))
    params = {name: value[0] for name, value in random_networks(graph, 1).items()}
    params["features.3.weight"][1] = 0  # A channel that receives nothing.
    params["fc.weight"][2, 3] = 0
    found = path_strength(graph, params)
    assert found["fc.weight"][2, 3] == LOWEST
    assert found["features.3.weight"][1].eq(LOWEST).all()
    assert found["features.6.weight"][:, 1].eq(LOWEST).all()
    lowest = sum(int((value == LOWEST).sum()) for value in found.values())
    assert lowest == 1 + 4 * 9 + 4 * 9
    nothing = path_strength(graph, {name: torch.zeros_like(p) for name, p in params.items()})
    assert all(value.eq(LOWEST).all() for value in nothing.values())


def test_deep_networks_stay_finite():
    net = VGG(19, width=4)
    graph = NetworkGraph.from_module(net, torch.zeros(1, 3, 32, 32))
    params = {name: 1e-3 * p.detach() for name, p in net.named_parameters()}
    found = torch.cat([value.flatten() for value in path_strength(graph, params).values()])
    assert found.isfinite().all() and (found > LOWEST).all() and found.std() > 0.5

import math

import pytest
import torch
from torch import nn

from scalegmn.graph import NetworkGraph
from scalegmn.metanetwork import Operator
from scalegmn.nn import Architecture, Hetero, Permutation, Scale, Sign
from scalegmn.symmetry import PermScale
from scalegmn.testing import enlarge_, random_networks, symmetry_error, symmetry_report


def graph_of(activation):
    net = nn.Sequential(nn.Linear(2, 4), activation, nn.Linear(4, 3), activation, nn.Linear(3, 2))
    return NetworkGraph.from_module(net, torch.zeros(1, 2))


@pytest.fixture
def relu():
    return graph_of(nn.ReLU())


class Shift(nn.Module):
    """An operator that adds to a parameter what ``function`` makes of it."""

    def __init__(self, function, name="0.weight"):
        super().__init__()
        self.function, self.name = function, name

    def forward(self, graph, params):
        changes = {k: p.clone() for k, p in params.items()}
        changes[self.name] = self.function(params[self.name])
        return {k: params[k] + c for k, c in changes.items()}


@pytest.mark.parametrize("kind", [Scale(), Sign(), Hetero(), Permutation()])
def test_a_metanetwork_is_measured_under_its_own_kinds_group(kind):
    # No activation: the target is free to change sizes and signs, the metanetwork is not.
    graph = graph_of(nn.Identity())
    model = Operator(graph, Architecture(kind=kind, d=4)).double()
    enlarge_(model, graph)
    networks = random_networks(graph, 4, dtype=torch.float64)
    assert symmetry_error(model, graph, networks) <= 1e-9


@pytest.mark.usefixtures("float64")
def test_more_than_the_kinds_group_is_an_error():
    graph = graph_of(nn.Identity())
    model = Operator(graph, Architecture(kind=Scale(), d=4))
    enlarge_(model, graph)
    g = PermScale.sample(graph, generator=torch.Generator().manual_seed(0))
    assert (g.scale < 0).any()
    assert symmetry_error(model, graph, random_networks(graph, 4), g) > 1e-2


@pytest.mark.parametrize("name", ["0.weight", "2.weight", "4.weight", "0.bias", "2.bias"])
def test_the_worst_block_is_named_with_its_spread(relu, name):
    networks = random_networks(relu, 4, dtype=torch.float64)
    model = Shift(lambda p: 0.5 * p + 1e-3 * p.abs().sqrt(), name)
    report = symmetry_report(model, relu, networks, kind=Scale())
    assert report.block == name
    assert report.error > 1e-4
    reference = model(relu, big := random_networks(relu, 4000, dtype=torch.float64))
    spread = (reference[name] - big[name]).std(0).mean().item()
    assert report.spread == pytest.approx(spread, rel=0.5)
    right = symmetry_report(Shift(lambda p: 0.5 * p, name), relu, networks, kind=Scale())
    assert right.error < 1e-12


def test_the_error_of_a_functional_is_that_of_its_value(relu):
    networks = random_networks(relu, 4, dtype=torch.float64)

    def invariant(graph, params):
        return (params["2.weight"].flatten(1).sort().values > 0).double().mean(-1, keepdim=True)

    def variant(graph, params):
        return params["2.weight"].flatten(1).norm(dim=-1, keepdim=True)

    assert symmetry_error(invariant, relu, networks, kind=Scale()) == 0
    report = symmetry_report(variant, relu, networks, kind=Scale())
    assert (report.block, report.error > 1) == ("value", True)


def test_nan_is_the_worst_error(relu):
    networks = random_networks(relu, 4, dtype=torch.float64)

    class Nan(nn.Module):
        def forward(self, graph, params):
            broken = {k: 2 * p for k, p in params.items()}
            if len(params["0.bias"]) == 4:
                broken["2.bias"] = broken["2.bias"] * float("nan")
            return broken

    report = symmetry_report(Nan(), relu, networks, kind=Scale())
    assert (report.block, math.isnan(report.error)) == ("2.bias", True)


def test_a_constant_model_has_no_error_to_report(relu):
    networks = random_networks(relu, 4)
    with pytest.raises(ValueError, match="value: is the same for all networks; enlarge_ the model"):
        symmetry_error(lambda graph, params: torch.ones(16, 1), relu, networks, kind=Scale())


def test_a_model_without_a_kind_asks_for_one(relu):
    with pytest.raises(ValueError, match="Shift: give the kind of symmetry that it respects"):
        symmetry_error(Shift(lambda p: p), relu, random_networks(relu, 2))


def test_random_networks_are_independent(relu):
    networks = random_networks(relu, 5000, dtype=torch.float64)
    weight = networks["2.weight"]
    assert weight.dtype == torch.float64
    assert weight.std(0).sub(1).abs().max() < 0.1
    correlation = torch.corrcoef(weight.flatten(1).T) - torch.eye(12)
    assert correlation.abs().max() < 0.1

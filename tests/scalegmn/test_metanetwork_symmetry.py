"""The metanetwork is exactly symmetric, and not more symmetric than the networks that it reads."""

import pytest
import torch
from torch import nn

import scalegmn.nn.canonical
from scalegmn import readout
from scalegmn.graph import NetworkGraph
from scalegmn.metanetwork import Functional, Operator
from scalegmn.nn import (
    Architecture,
    Bidirectional,
    BidirectionalInverse,
    Forward,
    GatedIO,
    Hetero,
    Permutation,
    PlainIO,
    Scale,
    Sign,
)
from scalegmn.symmetry import PermScale
from scalegmn.testing import changes_of, enlarge_, random_networks, spread, symmetry_error
from tests.scalegmn.architectures import OTHER, RELU, SIGN, batch_of_states, random_cnn

pytestmark = pytest.mark.usefixtures("float64")

KINDS = {
    "scale": (Scale(), RELU),
    "sign": (Sign(), SIGN),
    "sign by absolute value": (Sign(symmetrized=False), SIGN),
    "hetero on relu": (Hetero(), RELU),
    "hetero on tanh": (Hetero(symmetrized=False), SIGN),
    "permutation": (Permutation(), OTHER),
}
DIRECTIONS = {
    "forward": Forward(),
    "bidirectional": Bidirectional(),
    "bidirectional inverse": BidirectionalInverse(),
}
BOUND = 1e-9


def build(kind, direction, graph, seed, model):
    arch = Architecture(
        kind=kind,
        direction=direction,
        io=GatedIO(separate=True) if seed % 2 else PlainIO(),
        d=8,
        num_layers=max(2, len(graph.blocks)),
        equivariant_encoding=bool(seed % 2),
        skip=bool(seed % 3),
        edge_encoding=seed % 3 == 2,
        sum_on_io=seed % 3 != 1,
        layer_norm=seed % 3 != 2,
    )
    if model == "operator":
        built = Operator(graph, arch, out_scale=0.5 if seed % 2 else None)
    else:
        out = readout.full_graph if seed % 2 else readout.last_layer
        built = Functional(graph, arch, readout=out, d_out=2)
    enlarge_(built, graph)
    return built


@pytest.mark.parametrize("model", ["functional", "operator"])
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_is_exactly_symmetric(kind, direction, model):
    symmetry, activations = KINDS[kind]
    for seed in range(3):
        torch.manual_seed(seed)
        net, x = random_cnn(seed, activations)
        graph = NetworkGraph.from_module(net, x)
        metanetwork = build(symmetry, DIRECTIONS[direction], graph, seed, model)
        networks = batch_of_states(graph, seed)
        assert symmetry_error(metanetwork, graph, networks, PermScale.sample(graph)) <= BOUND, seed


@pytest.mark.parametrize("model", ["functional", "operator"])
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_sees_every_change_of_the_function(kind, direction, model):
    symmetry, activations = KINDS[kind]
    torch.manual_seed(1)
    net, x = random_cnn(5, activations)
    graph = NetworkGraph.from_module(net, x)
    metanetwork = build(symmetry, DIRECTIONS[direction], graph, 1, model)
    network = {k: v[0] for k, v in random_networks(graph, 1).items()}
    scale = changes_of(metanetwork, graph, random_networks(graph, 16))
    # A batch of the network, of itself with one entry of a parameter changed, and of itself with
    # one row of a parameter doubled, for each parameter in turn.
    names = [*network, *network]
    batch = {k: v.repeat(len(names) + 1, *[1] * v.ndim) for k, v in network.items()}
    for row, name in enumerate(names, start=1):
        if row <= len(network):
            batch[name][row].view(-1)[0] += 1.0
        else:
            batch[name][row][0] *= 2.0
    out = changes_of(metanetwork, graph, batch)
    for row, name in enumerate(names, start=1):
        # What an operator adds to the very parameter that changed says little: look at the others.
        others = [k for k in out if k != name]
        seen = max((out[k][row] - out[k][0]).abs().max() / spread(scale[k]) for k in others)
        assert seen > 10 * BOUND, name


def test_a_mixed_network_is_exactly_symmetric_under_hetero():
    net = nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Conv2d(3, 4, 3), nn.Tanh(), nn.Conv2d(4, 3, 1),
        nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2),
    )  # fmt: skip
    graph = NetworkGraph.from_module(net, torch.randn(1, 1, 8, 8))
    for direction in DIRECTIONS.values():
        metanetwork = build(Hetero(), direction, graph, 1, "operator")
        network = {k: v[0] for k, v in random_networks(graph, 1).items()}
        assert symmetry_error(metanetwork, graph, network, PermScale.sample(graph)) <= BOUND


def test_the_published_bidirectional_error_would_be_caught():
    class Published(Forward):
        def backward_message(self, spec):
            return spec.message()

    net, x = random_cnn(0, RELU)
    graph = NetworkGraph.from_module(net, x)
    metanetwork = build(Scale(), Published(), graph, 0, "operator")
    network = {k: v[0] for k, v in random_networks(graph, 1).items()}
    assert symmetry_error(metanetwork, graph, network, PermScale.sample(graph)) > 1e-3


def test_a_norm_with_an_epsilon_would_be_caught(monkeypatch):
    def published(x):
        return x / (x.norm(dim=-1, keepdim=True) + 1e-10)

    monkeypatch.setattr(scalegmn.nn.canonical, "unit", published)
    monkeypatch.setattr("scalegmn.nn.execution.dense.FEW_EDGES", 0)  # layer by layer
    net, x = random_cnn(0, RELU)
    graph = NetworkGraph.from_module(net, x)
    metanetwork = build(Scale(), Forward(), graph, 0, "operator")
    network = {k: v[0] for k, v in random_networks(graph, 1).items()}
    assert symmetry_error(metanetwork, graph, network, PermScale.sample(graph)) > BOUND


def test_a_kind_that_the_network_does_not_have_is_refused():
    net, x = random_cnn(0, SIGN)
    graph = NetworkGraph.from_module(net, x)
    with pytest.raises(ValueError, match="does not have the symmetry scale"):
        Operator(graph, Architecture(kind=Scale(), d=4))

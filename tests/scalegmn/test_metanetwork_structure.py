"""Metanetworks read the architectures that they were made for, and refuse others."""

import pytest
import torch
from torch import nn

from scalegmn import readout
from scalegmn.graph import NetworkGraph
from scalegmn.metanetwork import Functional, Operator
from scalegmn.nn import (
    Architecture,
    Bidirectional,
    BidirectionalInverse,
    Forward,
    Hetero,
    Permutation,
    Scale,
    Sign,
)
from scalegmn.symmetry import PermScale
from scalegmn.testing import enlarge_, random_networks, symmetry_error

KINDS = [Scale(), Sign(), Hetero(), Permutation()]
DIRECTIONS = [Forward(), Bidirectional(), BidirectionalInverse()]


def cnn(depth=2, classes=3, width=4, channels=1, kernel=3, bias=True, activation=nn.ReLU):
    layers, before = [], channels
    for _ in range(depth):
        layers += [nn.Conv2d(before, width, kernel, bias=bias), activation()]
        before = width
    head = nn.Linear(before, classes, bias=bias)
    net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), head)
    return NetworkGraph.from_module(net, torch.zeros(1, channels, 16, 16))


def one(graph):
    return {name: value[0] for name, value in random_networks(graph, 1).items()}


def built():
    arch = Architecture(d=4, num_layers=2)
    yield Functional(cnn(), arch, readout=readout.last_layer)
    yield Operator(cnn(), arch)


OTHERS = [
    *({"depth": 1}, {"depth": 3}, {"classes": 2}, {"classes": 4}, {"channels": 2}),
    *({"kernel": 2}, {"kernel": 4}),
]


@pytest.mark.parametrize("other", OTHERS, ids=str)
def test_another_structure_is_refused(other):
    graph = cnn(**other)
    for model in built():
        with pytest.raises(ValueError, match="made for networks with 1 inputs, 2 hidden layers, 3"):
            model(graph, one(graph))
        with pytest.raises(ValueError, match="made for graphs with 6 node types and 9 edge feat"):
            model.on_pyg(graph.to_pyg(one(graph)))


def test_other_widths_and_no_biases_are_read():
    for model in built():
        for graph in (cnn(width=7), cnn(bias=False)):
            model(graph, one(graph))
            model.on_pyg(graph.to_pyg(one(graph)))


@pytest.mark.parametrize("direction", DIRECTIONS, ids=lambda d: type(d).__name__)
@pytest.mark.parametrize("kind", KINDS, ids=lambda k: type(k).__name__)
@pytest.mark.parametrize("out", [readout.full_graph, readout.last_layer])
def test_networks_without_hidden_nodes_are_read(out, kind, direction):
    graph = NetworkGraph.from_module(nn.Sequential(nn.Linear(3, 2)), torch.zeros(1, 3))
    arch = Architecture(kind=kind, direction=direction, d=4, num_layers=2)
    functional = Functional(graph, arch, readout=out)
    enlarge_(functional, graph)
    networks = random_networks(graph, 3)
    functional(graph, networks).sum().backward()
    assert all(p.grad is not None for p in functional.parameters())
    assert functional(graph, networks).std() > 1e-3
    data = [graph.to_pyg({k: v[i] for k, v in networks.items()}) for i in range(3)]
    pyg = torch.cat([functional.on_pyg(d) for d in data])
    torch.testing.assert_close(pyg, functional(graph, networks), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("direction", DIRECTIONS, ids=lambda d: type(d).__name__)
@pytest.mark.parametrize("kind", KINDS, ids=lambda k: type(k).__name__)
def test_no_parameter_is_dead_on_targets_without_biases(kind, direction, float64):
    activation = {Sign: nn.Tanh, Permutation: nn.GELU}.get(type(kind), nn.ReLU)
    graph = cnn(bias=False, activation=activation)
    arch = Architecture(kind=kind, direction=direction, d=6, num_layers=3, skip=True)
    functional = Functional(graph, arch, readout=readout.full_graph)
    operator = Operator(graph, arch, out_scale=0.01)
    networks = random_networks(graph, 2)
    functional(graph, networks).sum().backward()
    sum(v.square().sum() for v in operator(graph, networks).values()).backward()
    dead = [n for m in (functional, operator) for n, p in m.named_parameters() if p.grad is None]
    inverse = isinstance(direction, BidirectionalInverse) and not kind.self_inverse
    # The exception that the docstring of Operator names.
    assert {name.partition("upd_edges.1")[0] for name in dead} == (
        {"gnn.layers.1."} if inverse else set()
    )
    enlarge_(operator, graph)
    assert symmetry_error(operator, graph, networks, PermScale.sample(graph)) < 1e-9
    d_V, _ = operator.on_pyg(graph.to_pyg({k: v[0] for k, v in networks.items()}))
    assert not d_V.any()


def test_the_last_update_of_inputs_has_gradients_of_zero():
    graph = cnn()
    operator = Operator(graph, Architecture(d=4, num_layers=2))
    sum(v.square().sum() for v in operator(graph, one(graph)).values()).backward()
    assert all(p.grad is not None for p in operator.parameters())

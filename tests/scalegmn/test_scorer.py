"""Scores are invariant to factors, follow permutations, and depend on the network."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from scalegmn.graph import NetworkGraph
from scalegmn.nn import (
    Architecture,
    Bidirectional,
    Forward,
    GatedIO,
    Hetero,
    Permutation,
    PlainIO,
    Scale,
    Sign,
)
from scalegmn.pruning import make_mask
from scalegmn.scorer import Scorer
from scalegmn.symmetry import PermScale
from scalegmn.targets import SmallCNN
from scalegmn.testing import random_networks, spread
from tests.scalegmn.architectures import OTHER, RELU, SIGN, batch_of_states, random_cnn

KINDS = {
    "scale": (Scale(), RELU),
    "sign": (Sign(), SIGN),
    "hetero on relu": (Hetero(), RELU),
    "hetero on tanh": (Hetero(symmetrized=False), SIGN),
    "permutation": (Permutation(), OTHER),
}


def scorer(kind, graph, direction=None, seed=0):
    arch = Architecture(
        kind=kind,
        direction=direction or Forward(),
        io=GatedIO(separate=True) if seed % 2 else PlainIO(),
        d=8,
        num_layers=max(2, len(graph.blocks)),
        equivariant_encoding=bool(seed % 2),
        skip=bool(seed % 2),
        preserve_size=True,
    )
    return Scorer(graph, arch)


def permuted(scores, graph, g):
    """The scores of the weights where the permutation of ``g`` moves them."""
    biases = {n: torch.zeros(4, *s) for n, s in graph.parameter_shapes.items() if n not in scores}
    only = PermScale(graph, g.perm, torch.ones_like(g.scale))
    moved = only.on_parameters({**scores, **biases})
    return {name: moved[name] for name in scores}


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("direction", [Forward(), Bidirectional()], ids=lambda d: type(d).__name__)
@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_exactly_symmetric(kind, direction):
    symmetry, activations = KINDS[kind]
    for seed in range(3):
        net, x = random_cnn(seed, activations)
        graph = NetworkGraph.from_module(net, x)
        model = scorer(symmetry, graph, direction, seed)
        networks = batch_of_states(graph, seed)
        g = PermScale.sample(graph, kind=symmetry)
        expected = permuted(model(graph, networks), graph, g)
        found = model(graph, g.on_parameters(networks))
        others = model(graph, random_networks(graph, 16))
        for name, scores in found.items():
            size = spread(others[name])
            assert size > 1e-3
            assert (scores - expected[name]).abs().max() < 1e-9 * size, (seed, name)


@pytest.mark.usefixtures("float64")
def test_a_symmetry_that_the_kind_lacks_is_seen():
    graph = NetworkGraph.from_module(SmallCNN(width=4), torch.zeros(1, 1, 32, 32))
    model = scorer(Permutation(), graph)
    networks = random_networks(graph, 4)
    g = PermScale.sample(graph, kind=Scale())
    expected = permuted(model(graph, networks), graph, g)
    found = model(graph, g.on_parameters(networks))
    assert all((found[name] - expected[name]).abs().max() > 1e-2 for name in found)


@pytest.mark.usefixtures("float64")
def test_equal_networks_get_equal_masks():
    graph = NetworkGraph.from_module(SmallCNN(width=4), torch.zeros(1, 1, 32, 32))
    model = scorer(Scale(), graph)
    network = {name: value[0] for name, value in random_networks(graph, 1).items()}
    g = PermScale.sample(graph)
    of_one = make_mask(model(graph, network), 0.7).keep
    of_other = make_mask(model(graph, g.on_parameters(network)), 0.7).keep
    back = g.inverse().on_parameters(
        {n: of_other[n].double() if n in of_other else v for n, v in network.items()}
    )
    for name, keep in of_one.items():
        assert torch.equal(back[name] != 0, keep)


def test_each_weight_has_a_score_of_its_own():
    graph = NetworkGraph.from_module(SmallCNN(width=4), torch.zeros(1, 1, 32, 32))
    networks = random_networks(graph, 3)
    model = scorer(Scale(), graph)
    scores = model(graph, networks)
    weights = {name: value for name, value in networks.items() if value.ndim > 2}
    assert {n: s.shape for n, s in scores.items()} == {n: w.shape for n, w in weights.items()}
    for values in scores.values():
        assert len(values[0].unique()) == values[0].numel()
    single = model(graph, {name: value[1] for name, value in networks.items()})
    for name, values in single.items():
        assert_close(values, scores[name][1])


def test_no_parameter_is_dead():
    graph = NetworkGraph.from_module(SmallCNN(width=4), torch.zeros(1, 1, 32, 32))
    for kind in (Scale(), Hetero(), Permutation()):
        model = scorer(kind, graph)
        sum(s.sin().sum() for s in model(graph, random_networks(graph, 2)).values()).backward()
        assert not [name for name, p in model.named_parameters() if p.grad is None]


@pytest.mark.usefixtures("float64")
def test_big_graphs_are_scored_in_chunks(monkeypatch):
    graph = NetworkGraph.from_module(SmallCNN(width=4), torch.zeros(1, 1, 32, 32))
    model = scorer(Scale(), graph)
    networks = random_networks(graph, 2)

    def run():
        scores = model(graph, networks)
        total = sum(s.sin().sum() for s in scores.values())
        return [*scores.values(), *torch.autograd.grad(total, list(model.parameters()))]

    expected = run()
    monkeypatch.setattr("scalegmn.nn.execution.dense.FEW_EDGES", 0)
    monkeypatch.setattr("scalegmn.nn.execution.dense.MANY_NUMBERS", 0)
    monkeypatch.setattr("scalegmn.nn.execution.recompute.CHUNK", 200)
    assert_close(run(), expected)


def test_a_kind_that_the_network_does_not_have_is_refused():
    graph = NetworkGraph.from_module(
        SmallCNN(width=4, activation=nn.Tanh), torch.zeros(1, 1, 32, 32)
    )
    with pytest.raises(ValueError, match="does not have the symmetry scale"):
        scorer(Scale(), graph)

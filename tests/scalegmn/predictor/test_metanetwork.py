"""A trained predictor says the same about equal networks, pruned ones included."""

import pytest
import torch
from torch import nn

from scalegmn import readout
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
from scalegmn.predictor import AccuracyPredictor, Metanetwork
from scalegmn.symmetry import PermScale
from scalegmn.testing import enlarge_, spread
from tests.networks import batch_of, graph_of

DIRECTIONS = [Forward(), Bidirectional(), BidirectionalInverse()]
RELU, TANH = nn.ReLU, nn.Tanh
KINDS = {
    "scale": (Scale(), RELU),
    "sign": (Sign(), TANH),
    "hetero on relu": (Hetero(), RELU),
    "hetero on tanh": (Hetero(), TANH),
    "permutation": (Permutation(), nn.GELU),
}


def mixed(seed):
    """Dense networks and networks with 90 % zeros."""
    halves = [batch_of(8, seed=seed, sparsity=sparsity) for sparsity in (0.0, 0.9)]
    parameters = {n: torch.cat([h.parameters[n] for h in halves]) for n in halves[0].parameters}
    return parameters, torch.cat([h.label for h in halves])


def trained(recipe, graph):
    """After a few steps, on networks whose accuracies are known."""
    predictor = AccuracyPredictor(recipe, graph)
    enlarge_(predictor.reader, graph, least=0.5)
    optimizer = torch.optim.AdamW(predictor.parameters(), lr=1e-3)
    for seed in range(3):
        parameters, label = mixed(seed)
        loss = (predictor(graph, parameters) - label).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert all(p.isfinite().all() for p in predictor.parameters())
    return predictor.eval()


@pytest.mark.parametrize("direction", DIRECTIONS, ids=lambda d: type(d).__name__)
@pytest.mark.parametrize("kind", KINDS)
def test_a_trained_predictor_is_invariant(kind, direction, float64):
    kind, activation = KINDS[kind]
    out = readout.full_graph if direction == DIRECTIONS[1] else readout.last_layer
    arch = Architecture(kind=kind, direction=direction, d=6, num_layers=4)
    graph = graph_of(activation)
    predictor = trained(Metanetwork(arch, out), graph)
    networks, _ = mixed(9)
    g = PermScale.sample(graph)
    with torch.no_grad():
        before = predictor.logit(graph, networks)
        after = predictor.logit(graph, g.on_parameters(networks))
    assert spread(before) > 1e-2
    assert (after - before).abs().max() / spread(before) <= 1e-9


def test_each_network_of_a_mixed_batch_has_its_own_symmetry(float64):
    recipe = Metanetwork(Architecture(kind=Hetero(), direction=Bidirectional(), d=6))
    graph = graph_of()
    predictor = trained(recipe, graph)
    halves = [batch_of(8, seed=s).parameters for s in (5, 6)]
    moved = [
        PermScale.sample(graph_of(a)).on_parameters(h)
        for a, h in zip((RELU, TANH), halves, strict=True)
    ]
    sign = torch.arange(16) >= 8
    before, after, wrong = (
        predictor.logit(graph, {n: torch.cat([a[n], b[n]]) for n in a}, s).detach()
        for (a, b), s in [(halves, sign), (moved, sign), (moved, ~sign)]
    )
    assert (after - before).abs().max() / spread(before) <= 1e-9
    assert (wrong - before).abs().max() / spread(before) > 1e-3


def test_its_name_says_what_it_is():
    assert Metanetwork(Architecture()).name == "ScaleGMN (scale), forward"
    gmn = Architecture(kind=Permutation(), direction=Bidirectional())
    assert Metanetwork(gmn).name == "GMN, bidirectional"
    inverse = Architecture(kind=Hetero(), direction=BidirectionalInverse())
    assert Metanetwork(inverse).name == "ScaleGMN (hetero), bidirectional inverse"


@pytest.mark.parametrize(("kind", "relu", "tanh"), [(Scale(), 1, 0), (Sign(), 0, 1)])
def test_it_knows_which_activations_it_may_read(kind, relu, tanh):
    recipe = Metanetwork(Architecture(kind=kind))
    assert recipe.admits(sign=False) == relu and recipe.admits(sign=True) == tanh
    for other in (Hetero(), Permutation()):
        assert Metanetwork(Architecture(kind=other)).admits(sign=True)

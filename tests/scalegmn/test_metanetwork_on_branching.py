"""The metanetwork is exactly symmetric on networks with more than one path."""

from functools import cache

import pytest
import torch
from torch import nn

from scalegmn import readout
from scalegmn.graph import NetworkGraph, fold_batch_norm
from scalegmn.metanetwork import Functional, Operator
from scalegmn.nn import Architecture, Bidirectional, Forward, Permutation, Scale
from scalegmn.nn.execution import dense
from scalegmn.symmetry import PermScale
from scalegmn.testing import changes_of, enlarge_, spread, symmetry_error
from tests.scalegmn.architectures import batch_of_states
from tests.scalegmn.graph.corpus.branching import (
    PaddedBlock,
    ResNeXt,
    SENet,
    conv_bn,
)
from tests.scalegmn.graph.corpus.concatenating import DenseNet, Ghost, Inception

pytestmark = pytest.mark.usefixtures("float64")


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = conv_bn(3, 4, 3, 2, act=nn.ReLU)
        self.blocks = nn.Sequential(PaddedBlock(4, 4), PaddedBlock(4, 4))
        self.fc = nn.Linear(4, 3)

    def forward(self, x):
        return self.fc(self.blocks(self.stem(x)).mean((2, 3)))


class Depthwise(nn.Module):
    """An inverted residual, but with ReLU."""

    def __init__(self):
        super().__init__()
        self.stem, self.expand = conv_bn(3, 3, 3, 2, act=nn.ReLU), conv_bn(3, 5, 1, act=nn.ReLU)
        self.depthwise = conv_bn(5, 5, 3, groups=5, act=nn.ReLU)
        self.project, self.fc = nn.Conv2d(5, 3, 1), nn.Linear(3, 3)

    def forward(self, x):
        x = self.stem(x)
        return self.fc((self.project(self.depthwise(self.expand(x))) + x).mean((2, 3)))


CASES = {
    "residual": (Residual, Scale()),
    "depthwise": (Depthwise, Scale()),
    "concatenation": (Inception, Scale()),
    "normalised concatenation": (DenseNet, Scale()),
    "parts": (ResNeXt, Scale()),
    "all of them": (Ghost, Scale()),
    "gates": (SENet, Permutation()),
}


@cache
def read(net):
    return NetworkGraph.from_module(net().eval(), torch.randn(2, 3, 16, 16))


def built(model, graph, kind, direction):
    arch = Architecture(kind=kind, direction=direction, d=6, num_layers=2)
    out = (
        Operator(graph, arch, out_scale=0.5)
        if model == "operator"
        else Functional(graph, arch, readout=readout.full_graph, d_out=2)
    )
    enlarge_(out, graph)
    return out


@pytest.mark.parametrize("direction", [Forward(), Bidirectional()], ids=["forward", "both ways"])
@pytest.mark.parametrize("model", ["functional", "operator"])
@pytest.mark.parametrize("name", CASES)
def test_is_exactly_symmetric(name, model, direction):
    net, kind = CASES[name]
    graph = read(net)
    metanetwork = built(model, graph, kind, direction)
    networks = batch_of_states(graph, seed=0)
    error = symmetry_error(metanetwork, graph, networks, PermScale.sample(graph, kind=kind))
    assert error <= 1e-9


@pytest.mark.parametrize("name", ["residual", "depthwise", "concatenation"])
def test_is_not_more_symmetric_than_the_network(name):
    """A swap of two channels in one layer only is seen."""
    net, kind = CASES[name]
    graph = read(net)
    model = built("functional", graph, kind, Bidirectional())
    params = {n: p[0] for n, p in batch_of_states(graph, seed=1).items()}
    weight = next(
        b.weight
        for b in graph.blocks
        if b.source and graph.groups[b.target].permutes_freely and len(b.shape) == 4
    )
    moved = params | {weight: params[weight].roll(1, 0)}
    one = changes_of(model, graph, {n: torch.stack([params[n], moved[n]]) for n in params})
    assert spread(one["value"]) > 1e-4


@pytest.mark.parametrize("name", ["depthwise", "concatenation"])
def test_big_graphs_are_computed_alike(name, monkeypatch):
    net, kind = CASES[name]
    graph = read(net)
    model = built("operator", graph, kind, Bidirectional())
    params = batch_of_states(graph, seed=2)
    small = model(graph, params)
    monkeypatch.setattr(dense, "MANY_NUMBERS", 64)
    dense._views.cache_clear()
    big = model(graph, params)
    dense._views.cache_clear()
    for n in small:
        torch.testing.assert_close(big[n], small[n], rtol=1e-9, atol=1e-12)


def test_dense_and_general_path_agree():
    net = fold_batch_norm(Depthwise().eval(), x := torch.randn(2, 3, 16, 16))
    graph = NetworkGraph.from_module(net, x)
    model = built("operator", graph, Scale(), Bidirectional())
    params = dict(net.named_parameters())
    d_V, d_E = model.on_pyg(graph.to_pyg(params))
    x_V, x_E = graph.features(params)
    by_pyg, new = graph.parameters(x_V + d_V, x_E + d_E), model(graph, params)
    for n in new:
        torch.testing.assert_close(by_pyg[n], new[n], rtol=1e-9, atol=1e-12)

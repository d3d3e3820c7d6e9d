"""The baseline computes what the metanetwork computes, and so is also a reference for it."""

import pytest
import torch
from torch.testing import assert_close

from benchmarks.plain_scatter import Plain, plain_editor, plain_functional, plain_operator
from scalegmn import readout
from scalegmn.graph import NetworkGraph
from scalegmn.inr import initial_parameters, siren_graph
from scalegmn.metanetwork import Functional, Operator
from scalegmn.nn import Architecture, GatedIO, PlainIO, Sign
from scalegmn.targets import Siren, SmallCNN
from scalegmn.testing import random_networks


@pytest.fixture(scope="module")
def graph():
    return NetworkGraph.from_module(SmallCNN(width=5), torch.zeros(1, 1, 32, 32))


@pytest.mark.parametrize("equivariant_encoding", [False, True])
@pytest.mark.parametrize("io", [GatedIO(separate=True), PlainIO()], ids=str)
def test_operators_agree(graph, io, equivariant_encoding):
    operator = Operator(
        graph, Architecture(io=io, d=7, skip=True, equivariant_encoding=equivariant_encoding)
    )
    network = {k: v[0] for k, v in random_networks(graph, 1).items()}
    x_V, x_E = graph.features(network)
    d_V, d_E = plain_operator(operator, graph, x_V, x_E)
    expected = graph.parameters(x_V + d_V, x_E + d_E)
    assert_close(operator(graph, network), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("symmetrized", [False, True])
def test_editors_agree(symmetrized):
    siren = Siren(1, (4, 5))
    graph = siren_graph(siren)
    kind = Sign(symmetrized=symmetrized)
    operator = Operator(graph, Architecture(kind=kind, d=7, skip=True), out_scale=0.5)
    params = initial_parameters(siren, range(3))
    plain = plain_editor(Plain(operator.gnn, graph, 3), operator, graph, params)
    assert_close(operator(graph, params), plain, rtol=1e-5, atol=1e-5)


def test_functionals_agree(graph):
    functional = Functional(graph, Architecture(d=7), readout=readout.last_layer)
    networks = random_networks(graph, 3)
    plain = plain_functional(functional, graph, *graph.features(networks))
    assert_close(functional(graph, networks), plain, rtol=1e-5, atol=1e-5)

"""What runs fast computes what the formulas of the modules say."""

import pytest
import torch
from torch.testing import assert_close

from scalegmn import readout
from scalegmn.metanetwork import Functional, Operator
from scalegmn.nn import (
    Architecture,
    Bidirectional,
    BidirectionalInverse,
    Forward,
    GatedIO,
    Hetero,
    Permutation,
    Scale,
    ScaleInv,
    Sign,
)
from scalegmn.nn.execution import plans, row_functions
from scalegmn.nn.scale_eq_message import ScaleEqMessage
from scalegmn.testing import random_networks
from tests.networks import graph_of

KINDS = [Scale(), Sign(), Hetero(), Permutation()]
DIRECTIONS = [Forward(), Bidirectional(), BidirectionalInverse()]


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("few", [0, 4096], ids=["blocks", "by index"])
@pytest.mark.parametrize("direction", DIRECTIONS, ids=lambda d: type(d).__name__)
@pytest.mark.parametrize("kind", KINDS, ids=lambda k: type(k).__name__)
def test_plans_compute_the_formulas(kind, direction, few, monkeypatch):
    monkeypatch.setattr("scalegmn.nn.execution.dense.FEW_EDGES", few)
    graph = graph_of(torch.nn.Tanh if isinstance(kind, Sign) else torch.nn.ReLU)
    positional = isinstance(kind, Sign)
    arch = Architecture(
        kind=kind, direction=direction, d=5, num_layers=3, positional=positional, io=GatedIO()
    )
    functional = Functional(graph, arch, readout=readout.full_graph)
    operator = Operator(graph, arch)
    networks = random_networks(graph, 2)
    planned = functional(graph, networks), operator(graph, networks)
    monkeypatch.setattr(plans, "MESSAGE_PLANS", {})
    monkeypatch.setattr(plans, "EDGE_UPDATE_PLANS", {})
    assert_close((functional(graph, networks), operator(graph, networks)), planned)


def test_subclasses_run_by_their_own_formula():
    class Doubled(ScaleEqMessage):
        def message(self, x_j, e, x_i, role):
            return 2 * super().message(x_j, e, x_i, role)

    class Shifted(ScaleInv):
        def forward(self, x, p=None, sign=None):
            return super().forward(x, p, sign) + 1

    graph = graph_of()
    functional = Functional(graph, Architecture(d=5), readout=readout.last_layer)
    networks = random_networks(graph, 2)
    before = functional(graph, networks)
    msg = functional.gnn.layers[0].msg
    msg.__class__ = Doubled
    assert not torch.allclose(functional(graph, networks), before, atol=0)
    msg.__class__ = ScaleEqMessage
    assert torch.equal(functional(graph, networks), before)
    inner = msg.functions.functions[0].scale_inv
    assert row_functions._splits(inner)
    inner.__class__ = Shifted
    assert not row_functions._splits(inner)
    assert not torch.equal(functional(graph, networks), before)

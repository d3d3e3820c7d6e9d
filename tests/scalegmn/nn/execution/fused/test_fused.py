"""Networks that run as one operation equal those that run layer by layer."""

import gc
import weakref
from copy import deepcopy

import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.nn.utils import parametrize
from torch.testing import assert_close

from scalegmn import readout
from scalegmn.graph import NetworkGraph
from scalegmn.metanetwork import Functional, Operator
from scalegmn.nn import Architecture, Bidirectional, GatedIO, Permutation, PlainIO
from scalegmn.nn.execution.fused import program
from scalegmn.targets import SmallCNN
from scalegmn.testing import enlarge_, random_networks
from tests.scalegmn.architectures import RELU, random_cnn

pytestmark = pytest.mark.usefixtures("float64")

LAYERS_ONLY = "scalegmn.nn.backbone.fused"


def pruner(graph, **options):
    chosen = {
        "io": GatedIO(separate=True),
        "d": 6,
        "num_layers": 2,
        "equivariant_encoding": True,
        "skip": True,
    }
    return Operator(graph, Architecture(**chosen | options))


@pytest.fixture
def graph():
    return NetworkGraph.from_module(SmallCNN(width=4), torch.zeros(1, 1, 32, 32))


@pytest.fixture
def network(graph):
    return {name: value[0] for name, value in random_networks(graph, 1).items()}


def autograd_nodes(result):
    """Operations, without the leaves."""
    seen, todo = set(), [value.grad_fn for value in result]
    while todo:
        node = todo.pop()
        if node is not None and node not in seen:
            seen.add(node)
            todo += [following for following, _ in node.next_functions]
    return sum("AccumulateGrad" not in node.name() for node in seen)


def values_of(result):
    return [result] if isinstance(result, torch.Tensor) else list(result.values())


def value_and_gradients(model, graph, network):
    """The value, and the gradients of a curved function of it, in parameters of both networks."""
    inputs = {name: value.clone().requires_grad_() for name, value in network.items()}
    values = values_of(model(graph, inputs))
    loss = sum(value.sin().sum() for value in values)
    wanted = [*inputs.values(), *(p for p in model.parameters() if p.requires_grad)]
    return [*values, *torch.autograd.grad(loss, wanted, allow_unused=True)]


def check(model, graph, network, monkeypatch, *, runs_fused=True):
    """Both ways agree."""
    found = value_and_gradients(model, graph, network)
    with monkeypatch.context() as patch:
        patch.setattr(LAYERS_ONLY, lambda *_: None)
        expected = value_and_gradients(model, graph, network)
    values = [v for v in found if v is not None and v.grad_fn is not None]
    by_layers = [v for v in expected if v is not None and v.grad_fn is not None]
    assert (autograd_nodes(by_layers) > 2 * autograd_nodes(values)) == runs_fused
    for ours, theirs in zip(found, expected, strict=True):
        if theirs is None:  # nothing depends on it
            assert ours is None or not ours.any()
        else:
            assert_close(ours, theirs, rtol=1e-9, atol=1e-11 * theirs.detach().abs().max().item())


@pytest.mark.parametrize("model", ["functional", "operator"])
@pytest.mark.parametrize("seed", range(12))
def test_value_and_gradients_equal_those_of_the_layers(seed, model, monkeypatch):
    torch.manual_seed(seed)
    net, x = random_cnn(seed, RELU)
    graph = NetworkGraph.from_module(net, x)
    arch = Architecture(
        io=(GatedIO if seed % 2 else PlainIO)(separate=bool(seed % 3)),
        d=5,
        num_layers=1 + seed % 4,
        equivariant_encoding=bool(seed % 2),
        skip=seed % 4 > 1,
        layer_norm=seed % 5 > 0,
    )
    read = readout.full_graph if seed % 2 else readout.last_layer
    built = Operator(graph, arch) if model == "operator" else Functional(graph, arch, readout=read)
    enlarge_(built, graph)
    network = {name: value[0] for name, value in random_networks(graph, 1).items()}
    network = {name: value * (torch.rand_like(value) > 0.3) for name, value in network.items()}
    check(built, graph, network, monkeypatch)


def test_without_biases(monkeypatch):
    net = nn.Sequential(nn.Linear(3, 4, bias=False), nn.ReLU(), nn.Linear(4, 2, bias=False))
    graph = NetworkGraph.from_module(net, torch.zeros(1, 3))
    network = {name: value[0] for name, value in random_networks(graph, 1).items()}
    check(pruner(graph), graph, network, monkeypatch)


def test_only_what_is_trained_gets_a_gradient(graph, network, monkeypatch):
    functional = Functional(graph, Architecture(d=5, num_layers=4), readout=readout.last_layer)
    check(functional.requires_grad_(False), graph, network, monkeypatch)


def test_zero_weights_have_finite_gradients(graph, network, monkeypatch):
    zeros = {name: torch.zeros_like(value) for name, value in network.items()}
    check(pruner(graph), graph, zeros, monkeypatch)


@pytest.mark.parametrize(
    "options",
    [
        {"kind": Permutation()},
        {"direction": Bidirectional()},
        {"positional": True},
        {"edge_encoding": True},
        {"mlp_dropout": 0.5},
        {"sum_on_io": False, "equivariant_encoding": False},
    ],
    ids=lambda options: next(iter(options)),
)
def test_other_variants_run_by_layers(options, graph, network, monkeypatch):
    check(pruner(graph, **options).eval(), graph, network, monkeypatch, runs_fused=False)


def test_dropout_runs_by_layers_only_while_it_is_active(graph, network, monkeypatch):
    operator = pruner(graph, dropout=0.5)
    check(operator.eval(), graph, network, monkeypatch)
    assert autograd_nodes(operator.train()(graph, network).values()) > autograd_nodes(
        operator.eval()(graph, network).values()
    )


def test_a_hook_sees_its_module_run(graph, network):
    operator, seen = pruner(graph), []
    before = operator(graph, network)
    operator.gnn.layers[0].upd.register_forward_hook(lambda *_: seen.append(1))
    after = operator(graph, network)
    assert seen == [1]
    assert_close(after, before)


def test_a_new_module_is_seen(graph, network):
    operator, other = pruner(graph), pruner(graph)
    before = operator(graph, network)
    operator.gnn.layers[0] = other.gnn.layers[0]
    after = operator(graph, network)
    assert any(not torch.equal(after[name], before[name]) for name in before)


def test_a_parametrization_is_seen(graph, network):
    class Double(nn.Module):
        def forward(self, x):
            return 2 * x

    operator = pruner(graph)
    before = operator(graph, network)
    parametrize.register_parametrization(operator.gnn.init_edges, "weight", Double())
    after = operator(graph, network)
    assert any(not torch.equal(after[name], before[name]) for name in before)


def test_parameters_given_for_one_call_are_used_backwards_too(graph, network, monkeypatch):
    operator = pruner(graph)
    given = {n: torch.randn_like(p).requires_grad_() for n, p in operator.named_parameters()}

    def slopes(order):
        out = functional_call(operator, given, (graph, network))
        loss = sum(value.sin().sum() for value in out.values())
        first = torch.autograd.grad(
            loss, list(given.values()), create_graph=order == 2, materialize_grads=True
        )
        if order == 1:
            return first
        curved = sum(slope.square().sum() for slope in first)
        return torch.autograd.grad(curved, list(given.values()), materialize_grads=True)

    found = [slopes(1), slopes(2)]
    monkeypatch.setattr(LAYERS_ONLY, lambda *_: None)
    for ours, theirs in zip(found, [slopes(1), slopes(2)], strict=True):
        for a, b in zip(ours, theirs, strict=True):
            assert_close(a, b, rtol=1e-7, atol=1e-9 * b.abs().max().item())


def test_a_second_backward_pass_gives_the_same(graph, network):
    operator = pruner(graph)
    loss = sum(value.sin().sum() for value in operator(graph, network).values())
    params = list(operator.parameters())
    first = torch.autograd.grad(loss, params, retain_graph=True)
    assert_close(torch.autograd.grad(loss, params), first, rtol=0, atol=0)


def test_parameters_that_change_before_the_backward_pass_are_noticed(graph, network):
    operator = pruner(graph)
    loss = sum(value.sum() for value in operator(graph, network).values())
    with torch.no_grad():
        operator.gnn.init_edges.weight.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_autocast_and_other_types_run_by_layers(graph, network):
    operator = pruner(graph).float()
    single = {name: value.float() for name, value in network.items()}
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert autograd_nodes(operator(graph, single).values()) > 200
    assert autograd_nodes(operator(graph, single).values()) < 60


def test_nothing_is_kept_of_a_network_that_is_gone(graph, network):
    operator = pruner(graph)
    operator(graph, network)
    copy = deepcopy(operator)
    assert_close(copy(graph, network), operator(graph, network))
    gone = weakref.ref(operator.gnn)
    count = len(program.PROGRAMS)
    del operator
    gc.collect()
    assert gone() is None
    assert len(program.PROGRAMS) < count

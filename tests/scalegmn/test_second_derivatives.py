"""Second derivatives equal finite differences, or are refused; they never drop a term."""

import pytest
import torch
from torch import nn
from torch.autograd import gradgradcheck
from torch.func import grad
from torch.testing import assert_close

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
from scalegmn.nn.execution.sums import AxisSum
from scalegmn.nn.unit import log_norm, unit
from scalegmn.testing import enlarge_, random_networks

pytestmark = pytest.mark.usefixtures("float64")

KINDS = [Scale(), Sign(), Sign(symmetrized=False), Hetero(), Permutation()]
DIRECTIONS = [Forward(), Bidirectional(), BidirectionalInverse()]


def graph_of(kind):
    activation = nn.Tanh if isinstance(kind, Sign) else nn.ReLU
    net = nn.Sequential(nn.Linear(2, 3), activation(), nn.Linear(3, 3), activation())
    return NetworkGraph.from_module(nn.Sequential(*net, nn.Linear(3, 2)), torch.zeros(1, 2))


def value_of(model, graph, shapes):
    """A curved function of all parameters of a network, as one vector."""

    def value(theta):
        parts = theta.split([shape.numel() for shape in shapes.values()])
        params = {n: p.view(s) for (n, s), p in zip(shapes.items(), parts, strict=True)}
        out = model(graph, params)
        values = [out] if isinstance(out, torch.Tensor) else out.values()
        return sum(v.sin().sum() + v.square().sum() for v in values)

    return value


def build(model, kind, direction, graph):
    arch = Architecture(kind=kind, direction=direction, d=4, num_layers=2)
    if model == "operator":
        built = Operator(graph, arch)
    else:
        built = Functional(graph, arch, readout=readout.full_graph)
    enlarge_(built, graph)
    return built


def a_network(graph):
    network = {k: v[0] for k, v in random_networks(graph, 1).items()}
    return {k: v.shape for k, v in network.items()}, torch.cat(
        [v.flatten() for v in network.values()]
    )


@pytest.mark.parametrize("model", ["functional", "operator"])
@pytest.mark.parametrize("few", [0, 4096], ids=["blocks", "by index"])
@pytest.mark.parametrize("direction", DIRECTIONS, ids=lambda d: type(d).__name__)
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_hessian_products_equal_finite_differences(kind, direction, few, model, monkeypatch):
    monkeypatch.setattr("scalegmn.nn.execution.dense.FEW_EDGES", few)
    graph = graph_of(kind)
    shapes, theta = a_network(graph)
    value = value_of(build(model, kind, direction, graph), graph, shapes)
    v = torch.randn_like(theta)
    theta.requires_grad_()
    (slope,) = torch.autograd.grad(value(theta), theta, create_graph=True)
    (found,) = torch.autograd.grad(slope @ v, theta)
    step = 1e-7  # on inverse edges, features and their derivatives are steep
    ends = [torch.autograd.grad(value(theta + s * v), theta)[0] for s in (step, -step)]
    expected = (ends[0] - ends[1]) / (2 * step)
    assert (found - expected).abs().max() <= 1e-5 * expected.abs().max()


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_parameters_of_the_metanetwork_have_them_too(kind):
    graph = graph_of(kind)
    model = build("functional", kind, Bidirectional(), graph)
    networks = random_networks(graph, 2)
    weights = list(model.parameters())
    v = [torch.randn_like(w) for w in weights]

    def slopes(create_graph=False):
        loss = model(graph, networks).sin().sum()
        return torch.autograd.grad(loss, weights, create_graph=create_graph)

    along = sum((s * d).sum() for s, d in zip(slopes(True), v, strict=True))
    found = torch.autograd.grad(along, weights, materialize_grads=True, allow_unused=True)
    step, ends = 1e-6, []
    for factor in (step, -2 * step):
        for w, d in zip(weights, v, strict=True):
            w.data.add_(d, alpha=factor)
        ends.append(slopes())
    expected = [(a - b) / (2 * step) for a, b in zip(*ends, strict=True)]
    size = max(e.abs().max() for e in expected)
    assert max((f - e).abs().max() for f, e in zip(found, expected, strict=True)) <= 1e-5 * size


@pytest.mark.parametrize("kind", [Scale(), Permutation()], ids=str)
def test_the_function_transforms_agree(kind):
    graph = graph_of(kind)
    shapes, theta = a_network(graph)
    value = value_of(build("operator", kind, Forward(), graph), graph, shapes)
    v = torch.randn_like(theta)
    leaf = theta.clone().requires_grad_()
    (slope,) = torch.autograd.grad(value(leaf), leaf, create_graph=True)
    (expected,) = torch.autograd.grad(slope @ v, leaf)
    assert_close(grad(lambda t: grad(value)(t) @ v)(theta), expected)
    assert_close(torch.autograd.functional.hvp(value, theta, v)[1], expected)


def test_the_pieces_are_twice_differentiable():
    x = torch.randn(4, 3, requires_grad=True)
    assert gradgradcheck(unit, x)
    assert gradgradcheck(lambda x: log_norm(x)[0], x)
    rows, other = torch.randn(2, 1, 2, 5, 3, requires_grad=True)
    assert gradgradcheck(AxisSum(2, 5).products, (rows, other))


@pytest.mark.parametrize("f", [unit, lambda x: log_norm(x)[0]], ids=["unit", "log_norm"])
def test_rows_of_zeros_add_nothing(f):
    x = torch.zeros(2, 3).index_fill(0, torch.tensor(0), 2.0).requires_grad_()
    (slope,) = torch.autograd.grad(f(x).sin().sum(), x, create_graph=True)
    (curvature,) = torch.autograd.grad(slope.square().sum() + slope.sum(), x)
    assert curvature.isfinite().all() and not curvature[1].any()


def test_recomputed_graphs_refuse_them(monkeypatch):
    monkeypatch.setattr("scalegmn.nn.execution.dense.MANY_NUMBERS", 0)
    graph = graph_of(Scale())
    shapes, theta = a_network(graph)
    value = value_of(build("operator", Scale(), Forward(), graph), graph, shapes)
    theta.requires_grad_()
    (slope,) = torch.autograd.grad(value(theta), theta, create_graph=True)
    assert_close(slope, torch.autograd.grad(value(theta), theta)[0])
    with pytest.raises(RuntimeError, match="no second derivatives on graphs so big"):
        slope.sum().backward()
    with pytest.raises(RuntimeError, match="no transforms of torch.func on graphs so big"):
        grad(value)(theta.detach())

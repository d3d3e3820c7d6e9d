import pytest
import torch
from torch import nn
from torch.testing import assert_close
from torch_geometric.data import Batch

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
from scalegmn.targets import Sine, SmallCNN
from scalegmn.testing import random_networks

KINDS = [Scale(), Sign(), Sign(symmetrized=False), Hetero(), Permutation()]
DIRECTIONS = [Forward(), Bidirectional(), BidirectionalInverse()]


@pytest.fixture(scope="module")
def graphs():
    x = torch.zeros(1, 1, 32, 32)
    relu = NetworkGraph.from_module(SmallCNN(width=4), x)
    tanh = NetworkGraph.from_module(SmallCNN(width=4, activation=nn.Tanh), x)
    return lambda kind: tanh if isinstance(kind, Sign) else relu


def count(model):
    return sum(p.numel() for p in model.parameters())


def small_cnn(activation=nn.ReLU):
    return NetworkGraph.from_module(SmallCNN(activation=activation), torch.zeros(1, 1, 32, 32))


def inr():
    layers = [nn.Linear(2, 32), Sine(30.0), nn.Linear(32, 32), Sine(30.0), nn.Linear(32, 1)]
    return NetworkGraph.from_module(nn.Sequential(*layers), torch.zeros(1, 2), input_feature=1.0)


def mlp(d_in, d_out, d=128):
    """Parameters of an MLP with layer norm."""
    return (d_in + 1) * d + 2 * d + (d + 1) * d_out


def gate(d_in, d_out, d=128):
    return d_in * d_out + mlp(d_in, d_out, d)


THREE, FULL, LAST = PlainIO(separate=True), readout.full_graph, readout.last_layer
# The published config: what it builds, its parameters, and those of them that no node reads: the
# input branch of forward messages, the hidden branches before a last-layer readout, and a function
# of the full-graph readout that is never called.
PUBLISHED = {
    "cifar10/relu": (small_cnn, LAST, 1, {}, 1_356_801, gate(128, 128) + gate(256, 128)),
    "cifar10/relu_bidir": (
        *(small_cnn, LAST, 1, {"direction": BidirectionalInverse()}, 2_263_809),
        2 * gate(128, 128) + gate(384, 128),
    ),
    "cifar10/tanh": (
        *(lambda: small_cnn(nn.Tanh), FULL, 1, {"kind": Sign(), "io": THREE}, 2_318_849),
        5 * mlp(128, 128),
    ),
    "cifar10/hetero": (
        *(small_cnn, LAST, 1, {"kind": Hetero(symmetrized=False)}, 1_688_577),
        gate(128, 128) + mlp(128, 128) + gate(256, 128) + mlp(256, 128),
    ),
    "svhn/relu": (
        *(small_cnn, FULL, 1, {"d": 64, "io": THREE, "skip": True}, 467_969),
        5 * mlp(64, 64, 64),
    ),
    "cifar10/tanh_bidir": (
        *(lambda: small_cnn(nn.Tanh), FULL, 1),
        *({"kind": Sign(), "io": THREE, "direction": Bidirectional()}, 3_441_665),
        9 * mlp(128, 128),
    ),
    "mnist_cls/bidir": (
        *(inr, LAST, 10),
        {"kind": Sign(), "io": GatedIO(), "direction": Bidirectional(), "positional": True},
        3_089_162,
        2 * (mlp(128, 128) + mlp(256, 128)) + mlp(384, 384) + mlp(512, 128),
    ),
    "fmnist_cls/scalegmn": (
        *(inr, FULL, 10),
        {"kind": Sign(), "num_layers": 2, "io": THREE, "edge_encoding": True, "skip": True},
        *(1_160_970, 3 * mlp(128, 128)),
    ),
    "mnist_cls/scalegmn": (
        *(inr, LAST, 10, {"kind": Sign(), "io": GatedIO(), "edge_encoding": True, "skip": True}),
        *(1_772_042, 2 * mlp(128, 128) + mlp(256, 256) + mlp(256, 128)),
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_functionals_have_the_published_parameters_without_dead_branches(name):
    graph, out, d_out, options, published, dead = PUBLISHED[name]
    functional = Functional(graph(), Architecture(**options), readout=out, d_out=d_out)
    assert count(functional) == published - dead


def test_operators_have_the_published_parameters_without_dead_branches():
    pruner = Architecture(
        io=GatedIO(separate=True), d=18, num_layers=2, equivariant_encoding=True, skip=True
    )
    assert count(Operator(small_cnn(), pruner)) == 17_814 - 2_484
    editor = Architecture(kind=Sign(symmetrized=False), num_layers=10, io=THREE, skip=True)
    assert count(Operator(inr(), editor, out_scale=0.01)) == 4_002_058 - 10 * mlp(128, 128)


@pytest.mark.parametrize("direction", DIRECTIONS, ids=lambda d: type(d).__name__)
@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("out", [readout.last_layer, readout.full_graph])
def test_no_parameter_is_dead(graphs, kind, direction, out):
    graph = graphs(kind)
    arch = Architecture(kind=kind, direction=direction, io=PlainIO(separate=True), d=6)
    functional = Functional(graph, arch, readout=out)
    operator = Operator(graph, arch, out_scale=0.01)
    networks = random_networks(graph, 3)
    signs = torch.zeros(3, graph.num_nodes, dtype=torch.bool)
    signs[1] = True
    functional(graph, networks, signs).square().sum().backward()
    sum(v.square().sum() for v in operator(graph, networks, signs).values()).backward()
    for model in (functional, operator):
        assert not [name for name, p in model.named_parameters() if p.grad is None]
    if out is readout.full_graph:  # A last layer is too far away from what is built for inputs.
        assert not [name for name, p in functional.named_parameters() if not p.grad.any()]


OPTIONS = {
    "plain": {},
    "all": {"skip": True, "edge_encoding": True, "layer_norm": False, "sum_on_io": False},
    "positional": {"positional": True, "io": GatedIO()},
}
# A bounded message and a GMN have no positional input.
VARIANTS = [
    (kind, direction, options)
    for kind in KINDS
    for direction in DIRECTIONS
    for options in OPTIONS
    if options != "positional"
    or not (
        isinstance(kind, Permutation)
        or (isinstance(direction, Bidirectional) and not isinstance(kind, Sign))
    )
]


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(("kind", "direction", "options"), VARIANTS, ids=str)
def test_dense_batched_and_general_path_agree(graphs, kind, direction, options, monkeypatch):
    graph = graphs(kind)
    arch = Architecture(kind=kind, direction=direction, d=6, num_layers=3, **OPTIONS[options])
    functional = Functional(graph, arch, readout=readout.full_graph, d_out=2)
    operator = Operator(graph, arch, out_scale=0.5)
    nn.init.normal_(operator.node_scale)
    nn.init.normal_(operator.edge_scale)
    networks = random_networks(graph, 3)
    singles = [{k: v[i] for k, v in networks.items()} for i in range(3)]
    merged = functional(graph, networks), operator(graph, networks)
    monkeypatch.setattr("scalegmn.nn.execution.dense.FEW_EDGES", 0)
    blocks = functional(graph, networks), operator(graph, networks)
    assert_close(merged, blocks)
    monkeypatch.setattr("scalegmn.nn.execution.dense.MANY_NUMBERS", 0)
    assert_close((functional(graph, networks), operator(graph, networks)), blocks)
    assert_close(torch.stack([functional(graph, one) for one in singles]), blocks[0])
    data = Batch.from_data_list([graph.to_pyg(one) for one in singles])
    assert_close(functional.on_pyg(data), blocks[0])
    d_V, d_E = operator.on_pyg(data)
    x_V, x_E = graph.features(networks)
    new = graph.parameters(x_V + d_V.view_as(x_V), x_E + d_E.view_as(x_E))
    assert_close(new, blocks[1])


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("direction", DIRECTIONS, ids=lambda d: type(d).__name__)
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_recomputed_gradients_are_the_kept_ones(graphs, kind, direction, monkeypatch):
    check_recomputed(graphs(kind), kind, direction, monkeypatch)


@pytest.mark.usefixtures("float64", "two_threads")
def test_recomputed_gradients_do_not_depend_on_the_threads(graphs, monkeypatch):
    check_recomputed(graphs(Scale()), Scale(), Bidirectional(), monkeypatch)


def check_recomputed(graph, kind, direction, monkeypatch):
    monkeypatch.setattr("scalegmn.nn.execution.dense.FEW_EDGES", 0)
    monkeypatch.setattr("scalegmn.nn.execution.recompute.CHUNK", 200)
    operator = Operator(graph, Architecture(kind=kind, direction=direction, d=6, num_layers=3))
    networks = {k: v.requires_grad_() for k, v in random_networks(graph, 2).items()}
    wanted = [*operator.parameters(), *networks.values()]

    def gradients():
        new = operator(graph, networks)
        return torch.autograd.grad(sum(v.sin().sum() for v in new.values()), wanted)

    kept = gradients()
    monkeypatch.setattr("scalegmn.nn.execution.dense.MANY_NUMBERS", 0)
    assert_close(gradients(), kept)


@pytest.mark.usefixtures("two_threads")
def test_recomputed_dropout_is_the_same_in_both_passes(graphs, monkeypatch):
    graph = graphs(Scale())
    monkeypatch.setattr("scalegmn.nn.execution.dense.FEW_EDGES", 0)
    monkeypatch.setattr("scalegmn.nn.execution.dense.MANY_NUMBERS", 0)
    monkeypatch.setattr("scalegmn.nn.execution.recompute.CHUNK", 200)
    operator = Operator(graph, Architecture(d=6, num_layers=2, mlp_dropout=0.5))
    network = {k: v[0] for k, v in random_networks(graph, 1).items()}
    factor = torch.tensor(1.0, requires_grad=True)
    torch.manual_seed(0)
    new = operator(graph, {k: v * factor for k, v in network.items()})
    value = sum(v.sum() for v in new.values())
    (slope,) = torch.autograd.grad(value, factor)
    # Biases and kernels all scale with the factor, which moves every gauge: compare numerically.
    changes = []
    for step in (1e-2, -1e-2):
        torch.manual_seed(0)
        moved = operator(graph, {k: v * (1 + step) for k, v in network.items()})
        changes.append(sum(v.sum() for v in moved.values()))
    assert_close(slope, (changes[0] - changes[1]) / 2e-2, rtol=2e-2, atol=1e-2)


def test_edges_in_any_order_give_the_same_result(graphs):
    graph = graphs(Scale())
    functional = Functional(graph, Architecture(d=6), readout=readout.last_layer)
    data = graph.to_pyg({k: v[0] for k, v in random_networks(graph, 1).items()})
    expected = functional.on_pyg(data)
    order = torch.randperm(graph.num_edges)
    data.edge_index, data.edge_attr = data.edge_index[:, order], data.edge_attr[order]
    data.edge_type = data.edge_type[order]
    assert_close(functional.on_pyg(data), expected)


def test_hetero_reads_the_activation_of_each_network(graphs):
    graph = graphs(Hetero())
    functional = Functional(graph, Architecture(kind=Hetero(), d=6), readout=readout.last_layer)
    networks = random_networks(graph, 2)
    signs = torch.tensor([[False], [True]]).expand(2, graph.num_nodes)
    both = functional(graph, networks, signs)
    as_relu = functional(graph, networks)
    assert_close(both[0], as_relu[0])
    assert not torch.equal(both[1], as_relu[1])


def test_out_scale_starts_as_asked(graphs):
    graph = graphs(Scale())
    torch.manual_seed(0)
    plain = Operator(graph, Architecture(d=6))
    torch.manual_seed(0)
    scaled = Operator(graph, Architecture(d=6), out_scale=0.01)
    network = {k: v[0] for k, v in random_networks(graph, 1).items()}
    for name, value in plain(graph, network).items():
        small = scaled(graph, network)[name] - network[name]
        assert_close(small, 0.01 * (value - network[name]), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("direction", [Forward(), Bidirectional()], ids=lambda d: type(d).__name__)
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_training_on_pruned_networks_stays_finite(graphs, kind, direction):
    graph = graphs(kind)
    arch = Architecture(kind=kind, direction=direction, d=8)
    functional = Functional(graph, arch, readout=readout.full_graph)
    optimizer = torch.optim.AdamW(functional.parameters(), lr=1e-2)
    networks = random_networks(graph, 8)
    for name, value in networks.items():
        pruned = torch.rand_like(value) < 0.9
        networks[name] = value.masked_fill(pruned, 0) * 10.0 ** -torch.randint(0, 16, value.shape)
    for _ in range(20):
        optimizer.zero_grad()
        loss = (functional(graph, networks).sigmoid().squeeze(1) - torch.rand(8)).square().mean()
        loss.backward()
        optimizer.step()
    assert all(p.isfinite().all() for p in functional.parameters())


def test_it_prints_as_one_line(graphs):
    operator = Operator(graphs(Sign()), Architecture(kind=Sign(), d=6, skip=True))
    assert repr(operator) == (
        f"Operator(kind=Sign(symmetrized=True), d=6, skip=True, {count(operator):,} parameters)"
    )

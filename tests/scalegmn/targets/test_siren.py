import pytest
import torch
from torch.func import functional_call
from torch.testing import assert_close

from scalegmn.graph import NetworkGraph, Role
from scalegmn.graph.groups import SIGN
from scalegmn.metanetwork import Functional, Operator
from scalegmn.nn import Architecture, Bidirectional, Forward, Permutation, Sign
from scalegmn.readout import full_graph, last_layer
from scalegmn.symmetry import PermScale
from scalegmn.targets import Siren
from scalegmn.testing import enlarge_, random_networks, symmetry_error

SIRENS = {
    "gray": lambda: Siren(1, (5, 9)),
    "colour": lambda: Siren(3, (6, 7)),
    "deep": lambda: Siren(1, (4, 5, 6)),
}


def graph_of(siren):
    return NetworkGraph.from_module(siren, torch.zeros(1, 2), input_feature=1.0)


def stacked(siren, count):
    """Parameters of several SIRENs, with biases that are not zero."""
    sets = [type(siren)(1, (5, 9)).state_dict() for _ in range(count)]
    return {n: torch.stack([s[n] + 0.01 * torch.randn_like(s[n]) for s in sets]) for n in sets[0]}


def test_the_output_is_the_published_formula(float64):
    siren = Siren()
    p = {n: torch.randn_like(t) for n, t in siren.state_dict().items()}
    x = torch.rand(7, 2)
    h = torch.sin(30 * (x @ p["seq.0.weight"].T + p["seq.0.bias"]))
    h = torch.sin(30 * (h @ p["seq.1.weight"].T + p["seq.1.bias"]))
    expected = h @ p["seq.2.weight"].T + p["seq.2.bias"] + 0.5
    assert_close(functional_call(siren, p, (x,)), expected)
    assert_close(siren.evaluate(p, x), expected)


def test_names_and_shapes_are_those_of_public_files():
    shapes = {n: list(t.shape) for n, t in Siren().state_dict().items()}
    assert shapes == {
        "seq.0.weight": [32, 2],
        "seq.0.bias": [32],
        "seq.1.weight": [32, 32],
        "seq.1.bias": [32],
        "seq.2.weight": [1, 32],
        "seq.2.bias": [1],
    }


def test_a_batch_of_parameter_sets_is_evaluated_as_one_by_one(float64):
    siren, x = Siren(1, (5, 9)), torch.rand(11, 2)
    params = stacked(siren, 4)
    together = siren.evaluate(params, x)
    for i in range(4):
        own = {n: t[i] for n, t in params.items()}
        assert_close(together[i], functional_call(siren, own, (x,)))


def test_weights_begin_as_in_the_paper_and_biases_at_zero():
    siren = Siren(1, (400, 400))
    first, second = siren.seq[0].weight, siren.seq[1].weight
    assert 0.45 < first.abs().max() <= 0.5
    bound = (6 / 400) ** 0.5 / 30
    assert 0.99 * bound < second.abs().max() <= bound
    assert not any(p.any() for n, p in siren.named_parameters() if n.endswith("bias"))


@pytest.mark.parametrize("hidden", [(), (0,), (4, -1)])
def test_impossible_widths_are_refused(hidden):
    with pytest.raises(ValueError, match="needs sine layers and widths above 0"):
        Siren(1, hidden)


@pytest.mark.parametrize("make", SIRENS.values(), ids=SIRENS)
def test_hidden_units_are_free_to_change_their_sign(make):
    graph = graph_of(make())
    assert all(g.freedom == SIGN for g in graph.groups if g.role is Role.HIDDEN)
    x_V, _ = graph.features(dict(make().named_parameters()))
    assert (x_V[:2] == 1).all()


@pytest.mark.parametrize("make", SIRENS.values(), ids=SIRENS)
def test_symmetries_leave_the_image_unchanged(float64, make):
    siren = make()
    graph, x = graph_of(siren), torch.rand(20, 2)
    p = random_networks(graph, 3, dtype=torch.float64)
    # Sines of large phases amplify rounding.
    p = {n: 0.05 * t for n, t in p.items()}
    g = PermScale.sample(graph)
    assert_close(siren.evaluate(g.on_parameters(p), x), siren.evaluate(p, x), rtol=0, atol=1e-12)
    assert (g.scale < 0).any()


ARCHITECTURES = [
    Architecture(kind=Sign(symmetrized), direction=direction, d=8, num_layers=4, **extra)
    for symmetrized in (True, False)
    for direction in (Forward(), Bidirectional())
    for extra in ({}, {"skip": True, "edge_encoding": True})
]


CASES = [
    *((arch, SIRENS["gray"]) for arch in ARCHITECTURES),
    *((ARCHITECTURES[-1], make) for make in (Siren, *SIRENS.values())),
]


@pytest.mark.parametrize(("arch", "make"), CASES)
def test_an_operator_is_equivariant(float64, arch, make):
    graph = graph_of(make())
    operator = Operator(graph, arch, out_scale=0.01).double()
    enlarge_(operator, graph)
    params = random_networks(graph, 3, dtype=torch.float64)
    assert symmetry_error(operator, graph, params) <= 1e-9


@pytest.mark.parametrize("readout", [last_layer, full_graph])
@pytest.mark.parametrize("arch", ARCHITECTURES, ids=repr)
def test_a_functional_is_invariant(float64, arch, readout):
    graph = graph_of(Siren(3, (6, 7)))
    functional = Functional(graph, arch, readout=readout, d_out=10).double()
    enlarge_(functional, graph)
    params = random_networks(graph, 3, dtype=torch.float64)
    assert symmetry_error(functional, graph, params) <= 1e-9


def test_a_change_of_the_image_changes_the_output(float64):
    siren = Siren(1, (5, 9))
    graph = graph_of(siren)
    functional = Functional(graph, ARCHITECTURES[0], readout=full_graph).double()
    enlarge_(functional, graph)
    p = {n: t[0] for n, t in stacked(siren, 1).items()}
    # Columns of the second layer in another order than the rows of the first.
    q = {**p, "seq.1.weight": p["seq.1.weight"].roll(1, dims=1)}
    assert (functional(graph, p) - functional(graph, q)).abs() > 1e-4


def test_a_metanetwork_without_sign_symmetry_is_not_invariant(float64):
    """So that an error of the others would be seen."""
    graph = graph_of(Siren(1, (5, 9)))
    plain = Operator(graph, Architecture(kind=Permutation(), d=8, num_layers=2)).double()
    enlarge_(plain, graph)
    params = random_networks(graph, 3, dtype=torch.float64)
    assert symmetry_error(plain, graph, params, kind=Sign()) > 1e-3


@pytest.mark.parametrize("arch", [ARCHITECTURES[0], ARCHITECTURES[-1]], ids=["forward", "both"])
@pytest.mark.parametrize("heads", [2, 8])
def test_an_operator_with_averaged_heads_is_equivariant(float64, arch, heads):
    graph = graph_of(Siren(3, (5, 6)))
    operator = Operator(graph, arch, out_scale=0.01, heads=heads).double()
    enlarge_(operator, graph)
    params = random_networks(graph, 3, dtype=torch.float64)
    assert symmetry_error(operator, graph, params) <= 1e-9


def test_heads_are_averaged(float64):
    """With equal heads, an operator is the one that has this head alone."""
    graph = graph_of(Siren(1, (5, 6)))
    one, three = (Operator(graph, ARCHITECTURES[0], heads=heads).double() for heads in (1, 3))
    state = three.state_dict()
    for name, tensor in one.state_dict().items():
        copies = state[name].shape[0] // tensor.shape[0] if tensor.ndim else 1
        state[name] = tensor.repeat(copies, *[1] * (tensor.ndim - 1)) if copies > 1 else tensor
    three.load_state_dict(state)
    params = random_networks(graph, 2, dtype=torch.float64)
    a, b = one(graph, params), three(graph, params)
    assert all((a[n] - b[n]).abs().max() < 1e-12 for n in a)
    assert sum(p.numel() for p in three.parameters()) > sum(p.numel() for p in one.parameters())


def test_an_operator_needs_a_head():
    with pytest.raises(ValueError, match=r"model.operator.heads must be a whole number"):
        Operator(graph_of(Siren(1, (3,))), ARCHITECTURES[0], heads=0)

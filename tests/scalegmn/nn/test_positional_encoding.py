import pytest
import torch
from torch.testing import assert_close

from scalegmn.graph import Role
from scalegmn.nn import Architecture, Permutation, Scale
from scalegmn.nn.execution.dense import dense_views
from tests.networks import graph_of

pytestmark = pytest.mark.usefixtures("float64")


@pytest.fixture(scope="module")
def graph():
    return graph_of()


@pytest.fixture
def view(graph):
    options = dict(num_networks=1, d=4, num_layers=1, roles=tuple(Role), edges_read=True)
    return dense_views(graph, torch.device("cpu"), **options, both_ways=False)[0]


def parts(x, view):
    return [view.nodes(x, role) for role in (Role.HIDDEN, Role.INPUT, Role.OUTPUT)]


@pytest.mark.parametrize(
    ("options", "hidden", "fixed"),
    [
        ({}, torch.mul, torch.add),
        ({"sum_on_io": False}, torch.mul, torch.mul),
        ({"kind": Permutation()}, torch.add, torch.add),
    ],
    ids=["multiplied", "multiplied everywhere", "added"],
)
def test_encodings_multiply_where_there_is_a_scale(graph, view, options, hidden, fixed):
    encoding = Architecture(d=4, **options).node_encoding(graph)
    h = torch.randn(2, graph.num_nodes, 4)
    found, p = encoding(h, view)
    assert_close(p[0], encoding.table[graph.node_types])
    for f, x, h_r, p_r in zip(
        (hidden, fixed, fixed), *(parts(t, view) for t in (found, h, p)), strict=True
    ):
        assert_close(x, f(h_r, p_r))


def test_an_equivariant_encoding_keeps_the_scale_of_hidden_nodes(graph, view):
    encoding = Architecture(d=4, equivariant_encoding=True).node_encoding(graph)
    h = torch.randn(2, graph.num_nodes, 4)
    (hidden, *_), (before, *_) = (
        parts(encoding(5 * h, view)[0], view),
        parts(encoding(h, view)[0], view),
    )
    assert_close(hidden, 5 * before)


@pytest.mark.parametrize(("kind", "f"), [(Scale(), torch.mul), (Permutation(), torch.add)])
def test_edges_are_encoded_by_their_type(graph, view, kind, f):
    encoding = Architecture(kind=kind, d=4, edge_encoding=True).edge_encoding_of(graph)
    e = torch.randn(2, graph.num_edges, 4)
    assert_close(encoding(e, view), f(e, encoding.table[graph.edge_types]))

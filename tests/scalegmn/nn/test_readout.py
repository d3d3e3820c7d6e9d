"""READ on two networks: what is read one by one, what is pooled, and what is not read."""

import pytest
import torch
from torch.testing import assert_close

from scalegmn import readout
from scalegmn.graph import Role
from scalegmn.nn import Architecture, Bidirectional, Permutation
from scalegmn.nn.execution.dense import dense_views
from tests.networks import graph_of

pytestmark = pytest.mark.usefixtures("float64")

READ = {
    "last layer": (readout.last_layer, {}, {Role.OUTPUT}),
    "both ends": (readout.last_layer, {"direction": Bidirectional()}, {Role.INPUT, Role.OUTPUT}),
    "full graph": (readout.full_graph, {}, set(Role)),
    "all nodes": (readout.full_graph, {"kind": Permutation()}, set(Role)),
}


@pytest.mark.parametrize("name", READ)
def test_a_readout_reads_its_roles_and_pools_hidden_nodes(name):
    build, options, roles = READ[name]
    graph, arch = graph_of(), Architecture(d=4, **options)
    read = build(graph, arch, 2)
    assert set(read.roles) == roles
    options = dict(num_networks=2, d=4, num_layers=1, roles=tuple(Role), edges_read=False)
    (view,) = dense_views(graph, torch.device("cpu"), **options, both_ways=False)
    x = torch.randn(2, graph.num_nodes, 4)
    h = {role: view.nodes(x, role) for role in Role}
    value = read(h, view)
    assert value.shape == (2, 2)
    for role in Role:
        changed = read(h | {role: h[role] + torch.randn_like(h[role])}, view)
        assert torch.allclose(changed, value) == (role not in roles)
    # Hidden nodes are pooled; outputs have their places, unless no node has a scale.
    assert_close(read(h | {Role.HIDDEN: h[Role.HIDDEN].flip(1)}, view), value)
    moved = read(h | {Role.OUTPUT: h[Role.OUTPUT].flip(1)}, view)
    assert torch.allclose(moved, value) == (name == "all nodes")


def test_a_full_graph_readout_forgets_the_scale_of_hidden_nodes():
    graph = graph_of()
    read = readout.full_graph(graph, Architecture(d=4), 2)
    options = dict(num_networks=2, d=4, num_layers=1, roles=tuple(Role), edges_read=False)
    (view,) = dense_views(graph, torch.device("cpu"), **options, both_ways=False)
    h = {role: view.nodes(torch.randn(2, graph.num_nodes, 4), role) for role in Role}
    assert_close(read(h | {Role.HIDDEN: 5 * h[Role.HIDDEN]}, view), read(h, view))
    assert not torch.allclose(read(h | {Role.OUTPUT: 5 * h[Role.OUTPUT]}, view), read(h, view))

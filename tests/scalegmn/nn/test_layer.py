"""A layer computes the equations of its docstring, written here with loops over edges."""

import pytest
import torch
from torch.testing import assert_close

from scalegmn.graph import Role
from scalegmn.nn import Architecture, Bidirectional, NodeState, Scale
from scalegmn.nn.execution.dense import dense_views
from tests.networks import graph_of


@pytest.mark.usefixtures("float64")
def test_a_layer_is_its_equations():
    graph = graph_of()
    arch = Architecture(kind=Scale(), direction=Bidirectional(), d=4, skip=True)
    layer = arch.hidden_layer(graph)
    h, p = torch.randn(1, graph.num_nodes, 4), torch.randn(1, graph.num_nodes, 4)
    e = torch.randn(1, graph.num_edges, 4)
    (view,) = dense_views(
        *(graph, torch.device("cpu")),
        **dict(num_networks=1, d=4, num_layers=1, roles=tuple(Role), edges_read=True),
        both_ways=True,
    )
    new, (new_e,) = layer(h, (e,), p, view)

    along, against = torch.zeros_like(h), torch.zeros_like(h)
    expected_e = torch.empty_like(e)
    for k, (s, t) in enumerate(graph.edge_index.T.tolist()):
        x_s, x_t = (NodeState(h[:, n], p[:, n]) for n in (s, t))
        role_s, role_t = (Role(int(graph.node_roles[n])) for n in (s, t))
        along[:, t] += layer.msg.message(x_s, e[:, k], x_t, role_t)
        against[:, s] += layer.msg_backward.message(x_t, e[:, k], x_s, role_s)
        expected_e[:, k] = layer.upd_edges[0](e[:, k], x_s, x_t)
    m = [layer.msg.update(h, along), layer.msg_backward.update(h, against)]
    x = torch.cat([h, *m], dim=-1)
    assert_close(new_e, expected_e)
    for role in Role:
        nodes = (graph.node_roles == role).nonzero().squeeze(1)
        expected = layer.upd.functions[role](x[:, nodes]) + layer.skip(h[:, nodes])
        assert_close(new[role], expected)

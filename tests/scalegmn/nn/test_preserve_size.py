import pytest
import torch

from scalegmn import readout
from scalegmn.graph import NetworkGraph, Role
from scalegmn.metanetwork import Functional, Operator
from scalegmn.nn import Architecture, Bidirectional, Hetero, PlainIO, Scale, Sign
from scalegmn.nn.preserve_size import keep_norm
from scalegmn.symmetry import PermScale
from scalegmn.targets import SmallCNN
from scalegmn.testing import symmetry_error
from tests.scalegmn.architectures import RELU, SIGN, random_cnn


def he_networks(graph, count):
    """Networks as they are before their training, with small biases."""
    params = {}
    for block in graph.blocks:
        std = (2 / (block.n_in * block.edge_dim)) ** 0.5
        params[block.weight] = std * torch.randn(count, *block.shape)
    for group in graph.groups:
        if group.bias is not None:
            params[group.bias] = 0.1 * torch.randn(count, group.size)
    return params


def norms(preserve, layers, graph):
    """Of kernels and after each layer: median norms of edge and of hidden node features."""
    arch = Architecture(d=16, num_layers=layers, io=PlainIO(), preserve_size=preserve)
    model = Functional(graph, arch, readout=readout.last_layer)
    params = he_networks(graph, 8)
    found = [(graph.features(params)[1].norm(dim=-1).median().item(), None)]

    def note(layer, inputs, outputs):
        by_role, edges = outputs
        if edges:
            hidden = by_role[Role.HIDDEN].norm(dim=-1).median().item()
            found.append((edges[0].norm(dim=-1).median().item(), hidden))

    for layer in model.gnn.layers:
        layer.register_forward_hook(note)
    model(graph, params)
    return found


def test_features_keep_their_size():
    graph = NetworkGraph.from_module(SmallCNN(), torch.zeros(1, 1, 32, 32))
    sizes = {preserve: norms(preserve, 5, graph) for preserve in (False, True)}
    edges = {preserve: [edge for edge, _ in found] for preserve, found in sizes.items()}
    assert len(edges[True]) == 5
    assert max(edges[True]) < 3 * min(edges[True])
    assert edges[False][-1] < edges[False][0] / 100
    # The first layer has only biases to read on most nodes.
    nodes = [node for _, node in sizes[True][2:]]
    assert max(nodes) < 5 * min(nodes)


def test_a_linear_map_keeps_norms_on_average():
    linear = torch.nn.Linear(30, 200, bias=False)
    keep_norm(linear)
    x = torch.randn(500, 30)
    assert (linear(x).norm(dim=1) / x.norm(dim=1)).mean().item() == pytest.approx(1, abs=0.1)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(("kind", "freedom"), [(Scale(), RELU), (Sign(), SIGN), (Hetero(), SIGN)])
def test_symmetries_do_not_depend_on_initial_values(kind, freedom):
    graph = NetworkGraph.from_module(*random_cnn(1, freedom))
    arch = Architecture(kind=kind, direction=Bidirectional(), d=8, num_layers=3, preserve_size=True)
    model = Functional(graph, arch, readout=readout.last_layer).eval()
    g = PermScale.sample(graph, spread=100.0)
    assert symmetry_error(model, graph, he_networks(graph, 4), g) < 1e-9


@pytest.mark.usefixtures("float64")
def test_an_operator_changes_weights_by_their_own_size_unless_it_is_scaled():
    graph = NetworkGraph.from_module(SmallCNN(width=4), torch.zeros(1, 1, 32, 32))
    params = he_networks(graph, 4)
    arch = Architecture(d=16, num_layers=3, io=PlainIO(), preserve_size=True)

    @torch.no_grad()
    def change(operator):
        new = operator(graph, params)
        return [float((new[b.weight] - params[b.weight]).norm() / params[b.weight].norm())
                for b in graph.blocks]  # fmt: skip

    whole, scaled = Operator(graph, arch), Operator(graph, arch, out_scale=0.01)
    assert all(0.1 < size < 10 for size in change(whole))
    assert all(0.001 < size < 0.1 for size in change(scaled))
    g = PermScale.sample(graph, spread=100.0)
    assert symmetry_error(scaled, graph, params, g) < 1e-9

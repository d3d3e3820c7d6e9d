"""Broken tells hidden nodes apart, and nothing claims that it respects a symmetry."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close
from torch_geometric.data import Batch

from scalegmn import readout
from scalegmn.graph import NetworkGraph
from scalegmn.metanetwork import Functional, Operator
from scalegmn.nn import Architecture, Bidirectional, Broken, Forward, Permutation, Scale
from scalegmn.symmetry import PermScale
from scalegmn.testing import enlarge_, random_networks, symmetry_error, symmetry_report

pytestmark = pytest.mark.usefixtures("float64")


def mlp(*widths):
    layers = [nn.Linear(2, widths[0])]
    for n_in, n_out in zip(widths, [*widths[1:], 2], strict=True):
        layers += [nn.ReLU(), nn.Linear(n_in, n_out)]
    return NetworkGraph.from_module(nn.Sequential(*layers), torch.zeros(1, 2))


def operator(kind, graph, direction=None):
    arch = Architecture(kind=kind, direction=direction or Forward(), d=6, num_layers=3)
    built = Operator(graph, arch)
    enlarge_(built, graph)
    return built


@pytest.mark.parametrize("direction", [Forward(), Bidirectional()], ids=lambda d: type(d).__name__)
def test_neither_permutations_nor_factors_commute_with_it(direction):
    graph = mlp(4, 3)
    networks = random_networks(graph, 4)
    permuted = PermScale.sample(graph, kind=Permutation())
    assert not torch.equal(permuted.perm, torch.arange(graph.num_nodes))
    rescaled = PermScale.sample(graph, kind=Scale())
    rescaled = PermScale(graph, torch.arange(graph.num_nodes), rescaled.scale)
    errors = {
        type(kind).__name__: [
            symmetry_error(operator(kind, graph, direction), graph, networks, g)
            for g in (permuted, rescaled)
        ]
        for kind in (Scale(), Permutation(), Broken())
    }
    assert max(errors["Scale"]) < 1e-9
    assert errors["Permutation"][0] < 1e-9 and errors["Permutation"][1] > 1e-2
    assert min(errors["Broken"]) > 1e-2


def test_there_is_no_symmetry_to_measure():
    graph = mlp(4, 3)
    model = operator(Broken(), graph)
    identity = PermScale.sample(graph, kind=Broken())
    assert torch.equal(identity.perm, torch.arange(graph.num_nodes))
    assert torch.equal(identity.scale, torch.ones(graph.num_nodes).double())
    for kind in (None, Broken()):
        with pytest.raises(ValueError, match=r"^Broken\(\) respects no symmetry: give g or anothe"):
            symmetry_report(model, graph, random_networks(graph, 4), kind=kind)
    assert symmetry_error(model, graph, random_networks(graph, 4), kind=Permutation()) > 1e-2


def test_other_widths_are_refused():
    model = operator(Broken(), mlp(4, 3))
    other = mlp(3, 4)
    with pytest.raises(ValueError, match=r"of hidden widths 4, 3; got one with .*widths 3, 4$"):
        model(other, random_networks(other, 2))
    smaller = mlp(4, 2)
    network = {name: value[0] for name, value in random_networks(smaller, 1).items()}
    with pytest.raises(ValueError, match="tells 11 nodes apart; got networks with 10"):
        model.on_pyg(smaller.to_pyg(network))


def test_dense_and_general_path_agree():
    graph = mlp(4, 3)
    arch = Architecture(kind=Broken(), d=6, num_layers=3)
    functional = Functional(graph, arch, readout=readout.full_graph, d_out=2)
    networks = random_networks(graph, 3)
    singles = [{name: v[i] for name, v in networks.items()} for i in range(3)]
    data = Batch.from_data_list([graph.to_pyg(one) for one in singles])
    assert_close(functional.on_pyg(data), functional(graph, networks))

"""Networks with more than one path keep their function under the symmetries of their graphs."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from scalegmn.graph import NetworkGraph, Role, fold_batch_norm
from scalegmn.graph.fold import NORMS
from scalegmn.symmetry import PermScale
from scalegmn.targets import ResNet
from scalegmn.testing import random_networks
from tests.scalegmn.graph.corpus.branching import BRANCHING

pytestmark = pytest.mark.usefixtures("float64")

NETS = {**BRANCHING, "ResNet-20": ResNet}


def read(name):
    torch.manual_seed(0)
    net, x = NETS[name]().eval(), torch.randn(3, 3, 16, 16)
    for norm in (m for m in net.modules() if isinstance(m, NORMS)):
        nn.init.normal_(norm.running_mean)
        nn.init.uniform_(norm.running_var, 0.5, 2.0)
    return fold_batch_norm(net, x).eval(), NetworkGraph.from_module(net, x), x


@pytest.mark.parametrize("name", NETS)
def test_a_sampled_symmetry_leaves_the_function(name):
    net, graph, x = read(name)
    params = dict(net.named_parameters())
    before = net(x)
    for _ in range(3):
        g = PermScale.sample(graph, spread=10.0)
        moved = g.on_parameters(params)
        assert_close(torch.func.functional_call(net, moved, x), before, rtol=1e-9, atol=1e-9)
        back = g.inverse().on_parameters(moved)
        assert all(torch.allclose(back[n], p, rtol=1e-12) for n, p in params.items())
    changed = [n for n, p in params.items() if not torch.equal(moved[n], p)]
    assert len(changed) > len(params) // 2


@pytest.mark.parametrize("name", NETS)
def test_features_and_parameters_are_inverse(name):
    _, graph, _ = read(name)
    params = random_networks(graph, 2)
    again = graph.parameters(*graph.features(params))
    assert again.keys() == params.keys()
    assert all(torch.equal(again[n], p) for n, p in params.items())
    g = PermScale.sample(graph)
    by_features = graph.parameters(*g.on_features(*graph.features(params)))
    by_name = g.on_parameters(params)
    assert all(torch.equal(by_features[n], by_name[n]) for n in params)


def hidden(graph):
    return {g.name: g for g in graph.groups if g.role is Role.HIDDEN}


def test_all_that_is_added_into_a_stream_shares_a_group():
    graph = read("ResNet-20")[1]
    sizes = [g.size for g in graph.groups if g.role is Role.HIDDEN]
    # Three streams, and the first layer of each of nine blocks.
    assert sizes == [16] + [16] * 3 + [32] * 4 + [64] * 4
    stream = next(k for k, g in enumerate(graph.groups) if g.name == "conv")
    writers = [b.weight for b in graph.blocks if b.target == stream and b.edge_dim > 1]
    assert writers == ["conv.weight", *(f"stage1.{k}.conv2.weight" for k in range(3))]
    assert graph.groups[stream].bias == "conv.bias"
    later = [
        b for b in graph.blocks if b.target == stream and graph.groups[b.source].name == "ones"
    ]
    assert [b.weight for b in later] == [f"stage1.{k}.conv2.bias" for k in range(3)]


def test_shortcuts_without_parameters_tie_the_middle_of_a_stream():
    groups = hidden(read("ResNet with padded shortcuts")[1])
    streams = [g for g in groups.values() if g.fixed]
    assert [g.size for g in streams] == [4, 2, 2, 4, 4]
    assert len(groups) == len(streams) + 3


def test_a_depthwise_convolution_shares_a_permutation_and_not_a_scale():
    graph = read("MobileNetV2 with ReLU")[1]
    tied = [g for g in graph.groups if g.permutes_with is not None]
    assert len(tied) == 5
    assert all(g.freedom.positive for g in tied)
    assert all(graph.groups[g.permutes_with].size == g.size for g in tied)
    assert [b.diagonal for b in graph.blocks].count(True) == 5
    g = PermScale.sample(graph)
    local = [g.perm[n] - n.start for n in graph.node_slices]
    for k, group in enumerate(graph.groups):
        if group.permutes_with is not None:
            assert torch.equal(local[k], local[group.permutes_with])


def test_a_concatenation_is_read_from_several_groups():
    graph = read("Inception")[1]
    readers = [b for b in graph.blocks if b.weight == "fc.weight"]
    assert [(b.n_in, b.column, b.edge_dim) for b in readers] == [
        (3, 0, 64), (4, 192, 64), (2, 448, 64),
    ]  # fmt: skip
    assert graph.parameter_shapes["fc.weight"] == (3, 9 * 64)


def test_a_gate_is_permuted_with_what_it_multiplies():
    graph = read("squeeze and excite")[1]
    (gate,) = [g for g in graph.groups if g.gates]
    assert gate.name == "se.fc2"
    assert graph.groups[gate.permutes_with].name == graph.groups[gate.gates[0]].name == "conv1"
    assert not gate.freedom.positive
    assert not gate.freedom.sign


def test_a_grouped_convolution_divides_groups():
    groups = hidden(read("ResNeXt")[1])
    assert [(n, g.size) for n, g in groups.items() if g.fixed] == [
        ("reduce[0:3]", 3), ("reduce[3:6]", 3), ("grouped[0:3]", 3), ("grouped[3:6]", 3),
    ]  # fmt: skip


def test_what_only_looks_symmetric_is_not():
    """Independent permutations of two groups that permute together change the function."""
    for name in ("MobileNetV2", "squeeze and excite", "Ghost"):
        net, graph, x = read(name)
        params = {n: p[0] for n, p in random_networks(graph, 1).items()}
        before = torch.func.functional_call(net, params, x)
        k = next(k for k, g in enumerate(graph.groups) if g.permutes_with is not None)
        perm = torch.arange(graph.num_nodes)
        nodes = graph.node_slices[k]
        perm[nodes] = perm[nodes].roll(1)
        moved = PermScale(graph, perm, torch.ones(graph.num_nodes)).on_parameters(params)
        after = torch.func.functional_call(net, moved, x)
        assert (after - before).abs().max() > 1e-3 * before.abs().max(), name

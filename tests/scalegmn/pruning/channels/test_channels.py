"""Whole channels are chosen, masked and, compacted, gone."""

from copy import deepcopy

import pytest
import torch
from torch import nn
from torch.testing import assert_close
from torch.utils.flop_counter import FlopCounterMode

from scalegmn.graph import NetworkGraph, fold_batch_norm
from scalegmn.pruning import balanced, magnitude
from scalegmn.pruning.channels import (
    ChannelSelection,
    all_edges,
    by_norm_per_saving,
    by_relative_norm,
    count_channels,
    count_macs,
    filters,
    group_lasso,
    l1_and_groups,
)
from scalegmn.pruning.channels.budget import positions
from scalegmn.pruning.compaction import compact
from scalegmn.symmetry import PermScale
from scalegmn.targets import ResNet
from tests.scalegmn.graph.corpus.branching import MobileNetV2, SENet
from tests.scalegmn.graph.corpus.concatenating import DenseNet, Ghost, Inception

pytestmark = pytest.mark.usefixtures("float64")
X = torch.zeros(1, 3, 16, 16, dtype=torch.float64)
NETS = {
    "ResNet-8": lambda: ResNet(8, num_classes=3),
    "MobileNetV2": MobileNetV2,
    "DenseNet": DenseNet,
    "Inception": Inception,
    "SENet": SENet,
}


def plain(name):
    torch.manual_seed(0)
    return fold_batch_norm(NETS[name]().eval(), X)


def macs(net):
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net(X)
    return counter.get_total_flops() // 2


def masked(net, mask):
    net = deepcopy(net)
    mask.apply_(net)
    return net


@pytest.mark.parametrize("name", NETS)
def test_macs_of_masks_are_those_of_compact_networks(name):
    net = plain(name)
    dense = macs(net)
    selection = ChannelSelection(norm=all_edges, budget=count_macs)
    sparsities = [0.0, 0.3, 0.5]
    for sparsity, mask in zip(
        sparsities, selection.masks(net, magnitude(net), X, sparsities), strict=True
    ):
        small = compact(masked(net, mask), X)
        assert_close(small(X + 1), masked(net, mask)(X + 1), rtol=1e-10, atol=1e-10)
        assert macs(small) <= (1 - sparsity) * dense
        assert macs(small) >= (1 - sparsity) * dense * 0.6
    graph = NetworkGraph.from_module(net, X)
    assert count_macs(net, graph, X)([g.size for g in graph.groups]) == dense


def test_sparsity_counts_channels():
    net = plain("ResNet-8")
    (mask,) = ChannelSelection(norm=filters, budget=count_channels).masks(
        net, magnitude(net), X, [0.25]
    )
    graph = NetworkGraph.from_module(compact(masked(net, mask), X), X)
    sizes = [g.size for g in graph.groups[2:-1]]
    assert sum(sizes) == 2 * (16 + 32 + 64) * 3 // 4
    assert mask.keep.keys() == magnitude(net).keys()


def chain():
    return nn.Sequential(
        nn.Conv2d(3, 2, 1, bias=False), nn.ReLU(), nn.Conv2d(2, 1, 1, bias=False)
    ).eval()


def test_norms_are_as_defined():
    net = chain()
    graph = NetworkGraph.from_module(net, X)
    w, v = net[0].weight.detach()[:, :, 0, 0], net[2].weight.detach()[:, :, 0, 0]
    weights = {n: p.detach() for n, p in net.named_parameters()}
    both = (w.square().sum(1) + v.square().sum(0)).sqrt()
    assert_close(all_edges(graph, weights)[1], both)
    assert_close(filters(graph, weights)[1], w.abs().sum(1))
    assert_close(group_lasso(graph, weights), both.sum())
    expected = w.abs().sum() + v.abs().sum() + 0.5 * both.sum()
    assert_close(l1_and_groups(graph, weights, group_weight=0.5), expected)


def test_channels_that_go_together_share_a_norm():
    torch.manual_seed(0)
    net = Ghost().eval()
    graph = NetworkGraph.from_module(net, X)
    norms = all_edges(graph, {n: p.detach() for n, p in net.named_parameters()})
    for k, group in enumerate(graph.groups):
        assert (group.permutes_freely) == bool(norms[k].any()), group.name


def test_the_group_lasso_has_no_gradient_at_a_dead_channel():
    net = chain()
    params = {n: p.detach().clone() for n, p in net.named_parameters()}
    params["0.weight"][0] = 0
    params["2.weight"][:, 0] = 0
    for p in params.values():
        p.requires_grad_()
    group_lasso(NetworkGraph.from_module(net, X), params).backward()
    assert not params["0.weight"].grad[0].any()
    assert params["0.weight"].grad[1].any()


def test_no_factor_changes_the_choice_in_the_balanced_gauge():
    net = plain("ResNet-8")
    graph = NetworkGraph.from_module(net, X)
    moved = deepcopy(net)
    g = PermScale.sample(graph, spread=30.0)
    g = PermScale(graph, torch.arange(graph.num_nodes), g.scale)
    moved.load_state_dict(g.on_parameters(dict(net.named_parameters())))
    selection = ChannelSelection(norm=all_edges, budget=count_channels)

    def choice(of, *, gauge):
        scores = magnitude(balanced(of, X) if gauge else of)
        return selection.masks(of, scores, X, [0.5])[0].keep

    same, raw, other = (
        choice(net, gauge=True), choice(moved, gauge=True), choice(moved, gauge=False)
    )  # fmt: skip
    assert all(torch.equal(same[n], raw[n]) for n in same)
    assert not all(torch.equal(same[n], other[n]) for n in same)


def test_sparser_masks_prune_what_others_do():
    net = plain("ResNet-8")
    selection = ChannelSelection(norm=filters, budget=count_macs, min_channels=2)
    less, more = selection.masks(net, magnitude(net), X, [0.3, 0.6])
    assert all((less.keep[n] | ~more.keep[n]).all() for n in less.keep)
    graph = NetworkGraph.from_module(compact(masked(net, more), X), X)
    assert min(g.size for g in graph.groups[2:]) >= 2


def test_channels_go_in_blocks_that_leave_a_multiple():
    net = plain("ResNet-8")
    one, four = (ChannelSelection(norm=filters, budget=count_macs, multiple_of=m) for m in (1, 4))
    less, more = four.masks(net, magnitude(net), X, [0.2, 0.5])
    assert all((less.keep[n] | ~more.keep[n]).all() for n in less.keep)
    macs = count_macs(net, NetworkGraph.from_module(net, X), X)
    whole = [g.size for g in NetworkGraph.from_module(net, X).groups]
    graph = NetworkGraph.from_module(compact(masked(net, more), X), X)
    left = [g.size for g in graph.groups]
    assert macs(left) <= macs(whole) / 2
    gone = {k for k in range(len(whole)) if left[k] < whole[k]}
    assert gone and all(left[k] % 4 == 0 for k in gone)
    # The same channels lead; only their number is rounded.
    (plainly,) = one.masks(net, magnitude(net), X, [0.5])
    assert any(not torch.equal(plainly.keep[n], more.keep[n]) for n in more.keep)


def dear_and_cheap():
    """Three channels on 16x16 pixels, then two on 4x4, whose norms are set."""
    net = nn.Sequential(
        nn.Conv2d(3, 3, 1, bias=False), nn.ReLU(), nn.AvgPool2d(4),
        nn.Conv2d(3, 2, 1, bias=False), nn.ReLU(), nn.Conv2d(2, 1, 1, bias=False),
    ).eval()  # fmt: skip
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([1.0, 2.0, 3.0])[:, None, None, None])
        net[3].weight.copy_(torch.tensor([1.5, 2.5])[:, None, None, None])
    return net


def test_channels_are_ranked_by_their_norms_or_by_what_they_save():
    net = dear_and_cheap()
    graph = NetworkGraph.from_module(net, X)
    norms = filters(graph, magnitude(net))
    left_over = count_macs(net, graph, X)
    assert left_over([3, 3, 2, 1]) == 9 * 256 + 6 * 16 + 2 * 16
    first, second = 1, 2  # The groups; relative norms are 0.5, 1 and 1.5, and 0.75 and 1.25.
    relative = by_relative_norm(graph, norms, left_over, min_channels=1)
    assert relative == [(first, 0), (second, 0), (first, 1)]
    # Fractions of norms are 1/6, then 2/5, for 800 products each, and 3/8 for at most 64.
    saving = by_norm_per_saving(graph, norms, left_over, min_channels=1)
    assert saving == [(first, 0), (first, 1), (second, 0)]


def test_savings_count_what_is_left():
    # As dear as each other: 2 x 3 and 3 x 2 products.
    net = nn.Sequential(
        nn.Conv2d(2, 3, 1, bias=False), nn.ReLU(), nn.Conv2d(3, 3, 1, bias=False), nn.ReLU(),
        nn.Conv2d(3, 2, 1, bias=False),
    ).eval()  # fmt: skip
    x = torch.zeros(1, 2, 4, 4)
    for p in net.parameters():
        nn.init.ones_(p)
    graph = NetworkGraph.from_module(net, x)
    norms = filters(graph, magnitude(net))
    order = by_norm_per_saving(graph, norms, count_macs(net, graph, x), min_channels=1)
    # None is emptied before the other: after one of a layer, one of the other costs less.
    assert order == [(1, 0), (2, 0), (1, 1), (2, 1)]


def test_what_cannot_be_pruned_is_refused():
    net = plain("ResNet-8")
    selection = ChannelSelection(norm=filters, budget=count_channels, min_channels=16)
    with pytest.raises(ValueError, match=r"sparsity 0\.9: at most 0\.\d+ can be pruned with 16"):
        selection.masks(net, magnitude(net), X, [0.9])
    with pytest.raises(ValueError, match=r"fold_batch_norm=true"):
        selection.masks(NETS["ResNet-8"](), {}, X, [0.5])
    with pytest.raises(ValueError, match=r"sparsity_kind\.min_channels"):
        ChannelSelection(norm=filters, budget=count_channels, min_channels=0)
    with pytest.raises(ValueError, match=r"sparsity_kind\.multiple_of"):
        ChannelSelection(norm=filters, budget=count_channels, multiple_of=0)
    with pytest.raises(ValueError, match="with 1 or more, a multiple of 3, channels"):
        ChannelSelection(norm=filters, budget=count_channels, multiple_of=3).masks(
            net, magnitude(net), X, [0.95]
        )


class Functions(nn.Module):
    """Convolutions and a layer as functions, a layer twice."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3)
        self.kernel = nn.Parameter(torch.randn(8, 8, 3, 3))
        self.twice = nn.Conv2d(8, 8, 1)
        self.head = nn.Parameter(torch.randn(5, 8))

    def forward(self, x):
        x = nn.functional.conv2d(self.stem(x).relu(), weight=self.kernel).relu()
        return nn.functional.linear(self.twice(self.twice(x).relu()).mean((2, 3)), self.head)


def test_what_functions_multiply_counts():
    net = Functions()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net(X)
    times = positions(net, X)
    found = sum(p.numel() * times.get(name, 0) for name, p in net.named_parameters())
    assert found == counter.get_total_flops() // 2

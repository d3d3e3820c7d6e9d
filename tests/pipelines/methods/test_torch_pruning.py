"""Torch-Pruning's choice of channels as a mask of our network."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from pipelines.methods import TorchPruning
from scalegmn.graph import fold_batch_norm
from scalegmn.pruning.channels import (
    ChannelSelection,
    all_edges,
    by_norm_per_saving,
    count_channels,
    count_macs,
)
from scalegmn.pruning.compaction import compact
from scalegmn.targets import ResNet

pytest.importorskip("torch_pruning", reason="needs the extra rivals")

MACS = ChannelSelection(norm=all_edges, budget=count_macs, rank=by_norm_per_saving, multiple_of=4)
X = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def net():
    torch.manual_seed(0)
    return fold_batch_norm(ResNet(8).eval(), X)


def test_what_it_removes_is_what_compaction_removes(net):
    before = {name: p.clone() for name, p in net.named_parameters()}
    masks = list(TorchPruning(name="tp", channels=MACS).masks(net, X[:1], [0.3, 0.6]))
    dense = positions_times_entries(net)
    for sparsity, mask in zip([0.3, 0.6], masks, strict=True):
        pruned = ResNet(8)
        pruned = fold_batch_norm(pruned.eval(), X)
        pruned.load_state_dict(mask.apply(before))
        small = compact(pruned, X)
        torch.testing.assert_close(small(X), pruned(X), rtol=1e-4, atol=1e-4)
        assert positions_times_entries(small) <= dense * (1 - sparsity)
        assert all(m.out_channels % 4 == 0 for m in small.modules() if isinstance(m, nn.Conv2d))
    assert all((masks[0].keep[n] | ~masks[1].keep[n]).all() for n in masks[0].keep)
    assert all(torch.equal(before[name], p) for name, p in net.named_parameters())


def positions_times_entries(net):
    """Multiply-accumulates of one image, counted by what goes through each layer."""
    found = []

    def count(layer, _, out):
        found.append(layer.weight.numel() * out[0, 0].numel())

    handles = [m.register_forward_hook(count) for m in net.modules() if hasattr(m, "weight")]
    net(X[:1])
    for handle in handles:
        handle.remove()
    return sum(found)


@pytest.mark.parametrize(
    ("channels", "said"),
    [
        (None, "sparsity_kind=macs"),
        (replace(MACS, budget=count_channels), "sparsity_kind=macs"),
        (replace(MACS, min_channels=2), "min_channels"),
    ],
)
def test_what_it_does_not_know_is_refused(channels, said):
    with pytest.raises(ValueError, match=said):
        TorchPruning(name="tp", channels=channels)


def test_more_than_it_can_prune_is_refused(net):
    with pytest.raises(ValueError, match="prunes at most"):
        list(TorchPruning(name="tp", channels=MACS).masks(net, X[:1], [0.9999]))

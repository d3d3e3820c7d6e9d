"""Whole channels in a run: the mask of every method, and its network made small."""

import csv

import pytest
import torch
from torch import nn
from torch.utils.data import TensorDataset

from pipelines.prune_network import prune
from scalegmn.formats import load_state
from scalegmn.graph import NetworkGraph, fold_batch_norm
from scalegmn.pruning.channels import l1_and_groups
from scalegmn.pruning.compaction import compact
from scalegmn.targets import ResNet

SHORT = ("finetune.lr=1e-3", "finetune.max_epochs=1", "trainer.max_epochs=1")
GENERATOR = torch.Generator().manual_seed(0)
IMAGES = TensorDataset(torch.randn(40, 1, 8, 8, generator=GENERATOR), torch.arange(40) % 3)
DATA = (IMAGES, IMAGES)


@pytest.fixture
def net():
    return nn.Sequential(
        nn.Conv2d(1, 6, 3), nn.ReLU(), nn.Conv2d(6, 4, 3), nn.ReLU(), nn.Flatten(),
        nn.Linear(64, 3),
    )  # fmt: skip


def test_magnitude_prunes_channels_that_compaction_removes():
    net = ResNet(8, in_channels=1, num_classes=3)
    options = ("sparsity_kind=macs", "fold_batch_norm=true", "selection.gauge=balanced")
    found = prune(net, DATA, *SHORT, *options, method="magnitude", sparsity=0.5)
    assert found.results.pruned[0].weight_sparsity > 0.3
    (pruned,) = found.networks
    x = torch.randn(2, 1, 8, 8)
    small = compact(pruned, x)
    parameters = sum(p.numel() for p in fold_batch_norm(net).parameters())
    assert sum(p.numel() for p in small.parameters()) < 0.7 * parameters
    torch.testing.assert_close(small(x), pruned(x), rtol=1e-4, atol=1e-4)


def test_the_operator_prunes_channels(net):
    options = ("sparsity_kind=channel", "selection.gauge=balanced", "model.group_weight=0.1")
    found = prune(net, DATA, *SHORT, *options, method="scalegmn_eq", sparsity=0.5)
    assert sizes(found.networks[0]) == 5  # of 10


def sizes(net):
    return sum(int(net[i].weight.flatten(1).any(1).sum()) for i in (0, 2))


def test_l1_minimises_the_norms_of_channels_as_the_operator_does(net, tmp_path):
    options = ("sparsity_kind=channel", "pruner.group_weight=0.5")
    prune(net, DATA, *SHORT, *options, method="l1", sparsity=0.5, folder=tmp_path)
    net.load_state_dict(load_state(tmp_path / "sparse.safetensors", net))
    with (tmp_path / "metrics.csv").open(newline="") as stream:
        (row,) = csv.DictReader(stream)
    graph = NetworkGraph.from_module(net, torch.zeros(1, 1, 8, 8))
    norm = l1_and_groups(graph, dict(net.named_parameters()), group_weight=0.5)
    assert float(row["val/l1"]) == pytest.approx(norm.item(), rel=1e-5)


def test_norms_of_channels_need_folded_batch_normalisation():
    net = ResNet(8, in_channels=1, num_classes=3)
    with pytest.raises(ValueError, match=r"pruner\.group_weight: .*fold_batch_norm=true"):
        prune(net, DATA, *SHORT, "pruner.group_weight=0.5", method="l1", sparsity=0.5)


@pytest.mark.parametrize("method", ["imp", "gmp"])
def test_methods_of_many_steps_refuse_channels(net, method):
    with pytest.raises(ValueError, match=f"pruner={method} prunes single weights"):
        prune(net, DATA, "sparsity_kind=channel", method=method, sparsity=0.5)


@pytest.mark.parametrize(
    ("method", "given", "said"),
    [
        ("erk", (), "pruner=erk prunes single weights"),
        ("magnitude_layer", (), "pruner=magnitude_layer prunes single weights"),
        ("scalegmn_mask", (), "pruner=scalegmn_mask prunes single weights"),
        ("grasp", (), "pruner=grasp prunes single weights"),
        ("lamp", (), "pruner=lamp prunes single weights"),
        ("shuffled", (), "pruner=shuffled shuffles single weights"),
        ("magnitude", ("selection.min_per_layer=2",), "are for single weights"),
        ("magnitude", ("selection/allocate=erk",), "are for single weights"),
        ("magnitude", ("+pruner@compare.erk=erk",), "pruner=erk prunes single weights"),
    ],
)
def test_what_is_for_single_weights_is_refused(net, method, given, said):
    with pytest.raises(ValueError, match=said):
        prune(net, DATA, "sparsity_kind=channel", *given, method=method, sparsity=0.5)

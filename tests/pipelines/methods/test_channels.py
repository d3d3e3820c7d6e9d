"""Whole channels in a run: the mask of every method, and its network made small."""

import pytest
import torch
from hydra.errors import InstantiationException

from pipelines.notebook import run
from scalegmn.formats import load_state
from scalegmn.graph import fold_batch_norm
from scalegmn.pruning.compaction import compact
from scalegmn.targets import ResNet

SMOKE = ("target=resnet20", "target.net.depth=8", "data=digits", "debug=smoke", "logger=none")


def test_magnitude_prunes_channels_that_compaction_removes(tmp_path):
    overrides = ("experiment=baseline_magnitude", "sparsity_kind=macs", "sparsity=0.5", *SMOKE)
    results = run(*overrides, folder=tmp_path / "run")
    assert results.pruned[0].weight_sparsity > 0.3
    net = fold_batch_norm(ResNet(8, in_channels=1))
    net.load_state_dict(load_state(tmp_path / "run" / "pruned_50.safetensors", net))
    small = compact(net.eval(), x := torch.randn(2, 1, 16, 16))
    assert sum(p.numel() for p in small.parameters()) < 0.7 * results.dense.parameters
    torch.testing.assert_close(small(x), net(x), rtol=1e-4, atol=1e-4)


def test_the_operator_prunes_channels(tmp_path):
    results = run(
        "experiment=eq_prune_small_cnn", "sparsity_kind=channel", "sparsity=0.5",
        "selection.gauge=balanced", "model.group_weight=0.1", "data=digits", "debug=smoke",
        "logger=none", folder=tmp_path / "run",
    )  # fmt: skip
    assert results.pruned[0].sparsity == 0.5


@pytest.mark.parametrize("pruner", ["imp", "gmp"])
def test_methods_of_many_steps_refuse_channels(pruner, tmp_path):
    with pytest.raises(InstantiationException, match=f"pruner={pruner} prunes single weights"):
        run(
            f"experiment=baseline_{pruner}", "sparsity_kind=channel", "data=digits", "debug=smoke",
            folder=tmp_path / "run",
        )  # fmt: skip

"""L1, from the command to the pruned files."""

import csv

import pytest
import torch
from safetensors.torch import load_file

from lightning_modules.l1_pruner import L1Pruner
from pipelines.methods import L1, OneShot
from reporting import Results
from scalegmn.pruning import allocate_globally, magnitude

pytestmark = pytest.mark.slow

SPARSE = (
    *("experiment=baseline_l1", "trainer.max_epochs=3", "sparsity=[0.6,0.9]", "optimizer.lr=1e-2"),
    "pruner.threshold=1e-2",
)


@pytest.fixture(scope="module")
def whole(prune, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    prune(folder, *SPARSE)
    return folder


def test_the_network_is_trained_once_and_pruned_to_every_sparsity(zeros, whole):
    trained = load_file(whole / "sparse.safetensors")
    magnitudes = torch.cat([t.abs().flatten() for t in trained.values() if t.ndim > 1])
    for row in Results.read(whole / "results.json").pruned:
        assert row.epochs_before_finetune == 3
        assert zeros(whole / row.file) == int(4912 * row.sparsity)
        pruned = load_file(whole / row.file)
        keep = torch.cat([(t != 0).flatten() for t in pruned.values() if t.ndim > 1])
        assert magnitudes[keep].min() > magnitudes[~keep].max()


def test_the_best_epoch_is_that_of_the_whole_objective(whole):
    with (whole / "metrics.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 3
    best = min(rows, key=lambda row: float(row["val/total"]))
    trained = load_file(whole / "sparse.safetensors")
    norm = sum(float(t.abs().sum()) for t in trained.values())
    assert norm == pytest.approx(float(best["val/l1"]), rel=1e-6)


def test_small_weights_are_zero_before_anything_is_pruned(zeros, whole, prune, tmp_path):
    found = zeros(whole / "sparse.safetensors")
    prune(tmp_path, *SPARSE, "pruner.threshold=null")
    assert found > 100 > zeros(tmp_path / "sparse.safetensors")


@pytest.mark.parametrize("batch", [3, 12])
def test_stopped_inside_its_training_it_ends_like_the_uninterrupted_run(
    prune, stopped, same, whole, tmp_path, batch
):
    stopped(tmp_path, f"{tmp_path.name}/checkpoints", batch, *SPARSE, module=L1Pruner)
    prune(tmp_path, *SPARSE)
    same(tmp_path, whole)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"l1_weight": 0.0}, "pruner.l1_weight must be a number above 0, got 0.0"),
        ({"threshold": -1.0}, "pruner.threshold must be a number above 0, got -1.0"),
    ],
)
def test_what_cannot_be_a_penalty_is_refused(arguments, message):
    score = OneShot(name="magnitude", score=magnitude, allocate=allocate_globally)
    given = {"name": "l1", "prune": score, "optimizer": torch.optim.Adam, "max_epochs": 1}
    with pytest.raises(ValueError, match=f"^{message}"):
        L1(**{"l1_weight": 1e-3, **given, **arguments})

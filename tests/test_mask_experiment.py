"""Pruning by learned scores, from the first to the last line, killed, and on two processes."""

import pytest
import torch

from reporting import Results
from scalegmn.formats import load_state, load_tensors
from scalegmn.pruning import make_mask
from scalegmn.pruning.score import prunable
from scalegmn.targets import SmallCNN
from tests.test_train import comparable, in_process, killed, tables
from tests.test_two_processes import on_one_and_on_two, rows

pytestmark = pytest.mark.slow

# Scores that differ visibly after a few steps.
TINY = [
    *("experiment=eq_mask_small_cnn", "data=digits", "data.batch_size=300", "num_threads=1"),
    *("sparsity=[0.7,0.9]", "trainer.max_epochs=3", "scheduler=constant", "optimizer.lr=1e-2"),
    *("target.net.dropout=0.2", "finetune.max_epochs=1", "finetune.lr=1e-2", "dense.max_epochs=2"),
]


@pytest.fixture(autouse=True)
def determinism():
    yield
    torch.use_deterministic_algorithms(False)


def scores_of(folder):
    return load_tensors(folder / "scores.safetensors", prunable(SmallCNN()))


def test_a_killed_run_ends_like_an_uninterrupted_one(tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    in_process(whole, *TINY)
    killed(broken, "broken/metrics.csv", 2, *TINY)
    assert not (broken / "scores.json").exists()
    in_process(broken, *TINY)

    results = comparable(whole)
    assert comparable(broken) == results and tables(broken) == tables(whole)
    assert results["method"] == "scalegmn_mask"
    assert [row["epochs_before_finetune"] for row in results["pruned"]] == [3, 3]
    scores, others = scores_of(whole), scores_of(broken)
    assert all(torch.equal(score, others[name]) for name, score in scores.items())
    for row in results["pruned"]:
        pruned = load_state(whole / row["file"], SmallCNN())
        keep = make_mask(scores, row["sparsity"]).keep
        assert {name: torch.equal(pruned[name] != 0, keep[name]) for name in keep} == dict.fromkeys(
            keep, True
        )
        zeros = sum(int((pruned[name] == 0).sum()) for name in keep)
        assert zeros == int(4912 * row["sparsity"])


def test_two_processes_score_alike(tmp_path_factory):
    # SGD, because Adam makes full steps of gradients that are zero but for rounding; no dropout,
    # because every process draws its own masks.
    overrides = [
        *TINY,
        *("target.net.dropout=0.0", "optimizer=sgd", "trainer.accelerator=cpu"),
        *("optimizer@finetune.optimizer=sgd", "optimizer@dense.optimizer=sgd", "sparsity=0.7"),
        f"paths.dense_dir={tmp_path_factory.mktemp('dense')}",
    ]
    one, two = on_one_and_on_two(tmp_path_factory, *overrides)
    for ours, theirs in zip(rows(two / "metrics.csv"), rows(one / "metrics.csv"), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-4)
    scores, others = scores_of(one), scores_of(two)
    assert all(torch.allclose(s, others[name], rtol=1e-4, atol=1e-4) for name, s in scores.items())
    assert Results.read(two / "results.json").method == "scalegmn_mask"

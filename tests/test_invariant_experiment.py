"""Invariant pruning on two processes."""

import json

import pytest
from safetensors.torch import load_file
from torch import allclose

from reporting import Results
from tests.test_two_processes import on_one_and_on_two, rows

pytestmark = pytest.mark.slow

# SGD, because Adam makes full steps of gradients that are zero but for rounding.
TINY = [
    *("experiment=inv_prune_small_cnn", "data=digits", "data.batch_size=300", "num_threads=1"),
    *("sparsity=[0.3,0.6]", "trainer.max_epochs=4", "pruner.steps_per_epoch=5"),
    *("optimizer=sgd", "optimizer.lr=1e-2", "scheduler=constant", "model.l1_weight=1e-1"),
    *("callbacks.threshold.epsilon=2e-2", "callbacks.rebalancing.every_n_steps=7"),
    *("optimizer@finetune.optimizer=sgd", "optimizer@dense.optimizer=sgd", "dense.max_epochs=2"),
    *("finetune.max_epochs=1", "finetune.lr=1e-2", "trainer.accelerator=cpu", "logger=none"),
]


def test_two_processes_prune_alike(tmp_path_factory):
    overrides = [*TINY, f"paths.dense_dir={tmp_path_factory.mktemp('dense')}"]
    one, two = on_one_and_on_two(tmp_path_factory, *overrides)
    ours, theirs = (rows(folder / "metrics.csv") for folder in (two, one))
    for row, expected in zip(ours, theirs, strict=True):
        assert row == pytest.approx(expected, rel=1e-3, abs=1e-4)
    steps = [json.loads((folder / "round.json").read_text())["steps"] for folder in (one, two)]
    assert steps[0] == steps[1] and len(steps[0]) == 2
    for name in ("sparse_30.safetensors", "pruned_60.safetensors"):
        states = [load_file(folder / name) for folder in (one, two)]
        for tensor, other in zip(*(state.values() for state in states), strict=True):
            assert allclose(tensor.float(), other.float(), rtol=1e-3, atol=1e-4)
            assert bool(((tensor == 0) == (other == 0)).all())
    assert Results.read(two / "results.json").method == "scalegmn_inv"

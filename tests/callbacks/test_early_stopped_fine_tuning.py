import shutil
from functools import partial

import pytest
import torch
from torch.optim import Adam

from callbacks.early_stopped_fine_tuning import EarlyStoppedFineTuning
from callbacks.fine_tuning import FineTuning
from callbacks.sources import dense_target
from lightning_modules.one_shot_pruner import OneShotPruner
from scalegmn.formats import load_state, read_metadata
from scalegmn.pruning import keep_top, magnitude


class Doubled(OneShotPruner):
    """A stand-in for a method that rewrites the network."""

    def target_parameters(self):
        return {name: 2 * p for name, p in super().target_parameters().items()}


@pytest.fixture
def prune(inner, tmp_path, data, make_trainer):
    def prune(module, *, lr=(1e-2, 1e-4), sparsities=(0.5, 0.9), max_epochs=2, **kwargs):
        routine = FineTuning(
            inner, optimizer=Adam, learning_rates=lr, max_epochs=max_epochs, patience=5
        )
        callback = EarlyStoppedFineTuning(
            "magnitude",
            sparsities=sparsities,
            score=magnitude,
            selection=keep_top,
            fine_tuning=routine,
            folder=tmp_path,
            metadata={"target": "mlp"},
            **kwargs,
        )
        make_trainer(callbacks=[callback]).fit(module, datamodule=data)
        return callback.pruned_rows()

    return prune


def test_rows_say_what_the_files_hold(prune, net, tmp_path):
    rows = prune(OneShotPruner(net))
    weights = sum(p.numel() for p in net.parameters() if p.ndim > 1)
    for row, sparsity in zip(rows, (0.5, 0.9), strict=True):
        assert row.file == str(tmp_path / f"pruned_{100 * sparsity:g}.safetensors")
        state = load_state(row.file, net)
        zeros = sum(int((t == 0).sum()) for t in state.values() if t.ndim > 1)
        assert zeros == int(weights * sparsity)
        assert row.weight_sparsity == zeros / weights
        assert row.nonzero == sum(int(t.count_nonzero()) for t in state.values())
        said = {"target": "mlp", "method": "magnitude", "sparsity": f"{sparsity:g}"}
        assert read_metadata(row.file) == said


def test_the_rate_with_the_lowest_validation_loss_counts(prune, net, tmp_path):
    (row,) = prune(OneShotPruner(net), sparsities=0.5)
    results = tmp_path / "finetune" / "magnitude_50"
    assert row.finetune_lr == 1e-2 and row.finetune_epochs == 2
    assert (results / "lr_0.01" / "result.json").exists()
    assert row.val_loss < 2.3 and row.test_acc > row.test_acc_before_finetune


def test_the_weights_right_after_pruning_are_a_candidate(prune, net, tmp_path):
    (row,) = prune(OneShotPruner(net), sparsities=0.5, lr=1e6)
    assert row.test_acc == row.test_acc_before_finetune
    kept = load_state(row.file, net)["2.weight"]
    assert ((kept == 0) | (kept == net[2].weight)).all()


def test_a_rewritten_network_is_pruned_or_the_dense_one(prune, net, tmp_path):
    (row,) = prune(Doubled(net), sparsities=0.5, lr=1e6)
    kept = load_state(row.file, net)["2.weight"]
    assert ((kept == 0) | (kept == 2 * net[2].weight)).all()
    shutil.rmtree(tmp_path / "finetune")
    (row,) = prune(Doubled(net), sparsities=0.5, lr=1e6, source=dense_target)
    assert not torch.equal(load_state(row.file, net)["2.weight"], kept)


def test_nothing_is_pruned_at_sparsity_zero(prune, net):
    (row,) = prune(OneShotPruner(net), sparsities=0.0)
    assert row.weight_sparsity == 0 and row.finetune_epochs == 2


def test_finished_work_is_not_repeated(prune, net, tmp_path, monkeypatch):
    first = prune(OneShotPruner(net))
    (tmp_path / "finetune" / "magnitude_90" / "row.json").unlink()
    monkeypatch.setattr(FineTuning, "_tune", pytest.fail)
    assert prune(OneShotPruner(net)) == first
    assert not list(tmp_path.rglob("*.ckpt"))


@pytest.mark.parametrize("sparsities", [1.0, [0.5, -0.1], "nothing"])
def test_sparsities_are_fractions(prune, net, sparsities):
    with pytest.raises(Exception, match="at least 0 and below 1|nothing"):
        prune(OneShotPruner(net), sparsities=sparsities)


@pytest.mark.parametrize("lr", [0.0, [1e-2, -1.0], []])
def test_learning_rates_are_positive(inner, lr):
    make = partial(FineTuning, inner, optimizer=Adam, max_epochs=1, patience=1)
    with pytest.raises(ValueError, match="finetune.lr must be above 0"):
        make(learning_rates=lr)

"""Whole runs that fine-tune their networks at once, against runs that do so one by one."""

import csv
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir

from pipelines.finetuning import stack
from reporting import Results
from scalegmn.formats import load_state
from scalegmn.stacked import StackedNetworks
from scalegmn.targets import SmallCNN
from train import train

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
# The higher rates stop early, at different epochs.
TINY = [
    *("experiment=baseline_magnitude", "data=digits", "data.batch_size=300", "dense.max_epochs=6"),
    *("sparsity=[0.5,0.9]", "+pruner@compare.random=random", "trainer.accelerator=cpu"),
    *("finetune.lr=[3e-1,1e-1,1e-2]", "finetune.max_epochs=8", "finetune.patience=2"),
]
NETWORKS = 2 * 2 * 3
ONE = ["sparsity=0.9", "~compare.random", "finetune.lr=1e-2"]


@pytest.fixture(autouse=True)
def determinism():
    yield
    torch.use_deterministic_algorithms(False)


def in_process(folder, *overrides):
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return train(compose("train", overrides=[*TINY, *overrides, f"paths.run_dir={folder}"]))


def tables(folder):
    return {
        str(file.relative_to(folder)): list(csv.DictReader(file.read_text().splitlines()))
        for file in sorted(folder.rglob("metrics.csv"))
    }


def best_epoch(table):
    return min(table, key=lambda row: float(row["val/loss"]))["epoch"]


@pytest.fixture(scope="module")
def one_by_one(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lightning")
    return folder, in_process(folder)


@pytest.fixture(scope="module")
def at_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stacked")
    return folder, in_process(folder, "finetune.engine=stacked")


def test_results_are_those_of_one_by_one(one_by_one, at_once):
    for ours, theirs in zip(at_once[1].pruned, one_by_one[1].pruned, strict=True):
        assert ours.finetune_lr == theirs.finetune_lr
        for mine, other in zip(ours.finetune_rates, theirs.finetune_rates, strict=True):
            assert (mine.lr, mine.epochs) == (other.lr, other.epochs)
            assert mine.val_loss == pytest.approx(other.val_loss, rel=1e-2)
        assert ours.test_acc == pytest.approx(theirs.test_acc, abs=0.02)
        assert ours.nonzero == theirs.nonzero
        assert ours.test_acc_before_finetune == theirs.test_acc_before_finetune
    epochs = {rate.epochs for row in at_once[1].pruned for rate in row.finetune_rates}
    assert len(epochs) > 2, "the networks stop at different epochs"


def test_both_see_the_same_batches_and_choose_the_same_epoch(one_by_one, at_once):
    ours, theirs = tables(at_once[0]), tables(one_by_one[0])
    assert ours.keys() == theirs.keys() and len(ours) == NETWORKS
    for name in ours:
        first, expected = ours[name][0], theirs[name][0]
        assert list(first) == list(expected)
        assert {k: float(v) for k, v in first.items()} == pytest.approx(
            {k: float(v) for k, v in expected.items()}, rel=1e-4
        )
        assert [row["step"] for row in ours[name]] == [row["step"] for row in theirs[name]]
        assert best_epoch(ours[name]) == best_epoch(theirs[name])


def test_both_leave_the_same_files(one_by_one, at_once):
    ours, theirs = (
        {
            str(file.relative_to(folder))
            for file in folder.rglob("*")
            if file.is_file() and "tfevents" not in file.name
        }
        for folder in (at_once[0], one_by_one[0])
    )
    assert ours == theirs
    assert len(list(at_once[0].glob("**/lr_*/events.out.tfevents.*"))) == NETWORKS


def test_pruned_weights_are_exactly_zero(at_once):
    folder, results = at_once
    for row in results.pruned:
        weights = [t for t in load_state(folder / row.file, SmallCNN()).values() if t.ndim > 1]
        zeros = sum(int((t == 0).sum()) for t in weights)
        assert zeros == int(sum(t.numel() for t in weights) * row.sparsity)


def test_results_name_the_engine(one_by_one, at_once):
    for (folder, _), engine in ((one_by_one, "lightning"), (at_once, "stacked")):
        assert Results.read(folder / "results.json").protocol["finetune.engine"] == engine


# Before the first network stops, and when some have.
@pytest.mark.parametrize("epoch", [2, 5])
def test_a_killed_run_ends_like_an_uninterrupted_one(epoch, at_once, tmp_path, monkeypatch):
    whole, expected = at_once
    monkeypatch.setattr(stack, "SECONDS", 0)
    run, calls = StackedNetworks.train, []

    def train_until(self, *batches):
        calls.append(len(self))
        if len(calls) == epoch:
            raise KeyboardInterrupt
        return run(self, *batches)

    monkeypatch.setattr(StackedNetworks, "train", train_until)
    with pytest.raises(KeyboardInterrupt):
        in_process(tmp_path, "finetune.engine=stacked")
    assert (tmp_path / "finetune" / "stack.ckpt").exists()
    assert not (tmp_path / "pruned_90.safetensors").exists()
    results = in_process(tmp_path, "finetune.engine=stacked")
    assert len(calls) == epoch + 8 - (epoch - 1), "no epoch is repeated"
    assert calls[0] == NETWORKS and calls[-1] < NETWORKS
    assert results.pruned == expected.pruned
    assert tables(tmp_path) == tables(whole)
    for file in whole.rglob("*.safetensors"):
        assert (tmp_path / file.relative_to(whole)).read_bytes() == file.read_bytes()
    assert not (tmp_path / "finetune" / "stack.ckpt").exists()


def test_only_networks_that_are_missing_are_fine_tuned(at_once, tmp_path, monkeypatch):
    run, stacks = StackedNetworks.train, []

    def train_and_count(self, *batches):
        stacks.append(len(self))
        return run(self, *batches)

    monkeypatch.setattr(StackedNetworks, "train", train_and_count)
    in_process(tmp_path, "finetune.engine=stacked", "finetune.max_epochs=1")
    assert stacks == [NETWORKS]
    stage = tmp_path / "finetune" / "magnitude_90"
    for file in (tmp_path / "results.json", stage / "row.json", stage / "lr_0.1" / "result.json"):
        file.unlink()
    in_process(tmp_path, "finetune.engine=stacked", "finetune.max_epochs=1")
    assert stacks == [NETWORKS, 1]


def test_both_distil_alike(at_once, tmp_path):
    overrides = ["finetune=distill", "finetune.distill.weight=0.8", "finetune.max_epochs=1"]
    found = {}
    for engine in ("lightning", "stacked"):
        results = in_process(tmp_path / engine, *overrides, f"finetune.engine={engine}", *ONE)
        assert results.protocol["finetune.distill.weight"] == 0.8
        (table,) = tables(tmp_path / engine).values()
        found[engine] = {k: float(v) for k, v in table[0].items()}
    assert found["stacked"] == pytest.approx(found["lightning"], rel=1e-4)
    name = "finetune/magnitude_90/lr_0.01/metrics.csv"
    assert found["stacked"]["train/loss"] != pytest.approx(
        float(tables(at_once[0])[name][0]["train/loss"]), rel=1e-2
    )


def test_no_epochs_leave_the_pruned_networks(tmp_path):
    results = in_process(tmp_path, "finetune.engine=stacked", "finetune.max_epochs=0")
    for row in results.pruned:
        assert row.test_acc == row.test_acc_before_finetune and row.finetune_epochs == 0
    assert not tables(tmp_path)


def of_an_older_version(file):
    torch.save({"names": [], "epoch": 3}, file)


def no_checkpoint(file):
    file.write_bytes(b"no checkpoint")


@pytest.mark.parametrize("write", [no_checkpoint, of_an_older_version])
def test_a_damaged_checkpoint_is_named(write, tmp_path):
    file = tmp_path / "finetune" / "stack.ckpt"
    file.parent.mkdir()
    write(file)
    with pytest.raises(ValueError, match=r"stack.ckpt is damaged: delete it to fine-tune anew"):
        in_process(tmp_path, "finetune.engine=stacked")


def test_a_limit_that_leaves_no_batch_is_refused(at_once, tmp_path):
    dense = f"target.weights={at_once[0] / 'dense.safetensors'}"
    limit = "trainer.limit_train_batches=0.001"
    with pytest.raises(ValueError, match=r"limit_train_batches=0.001: none of \d+ batches"):
        in_process(tmp_path, "finetune.engine=stacked", dense, limit)

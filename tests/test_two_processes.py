"""The same run on two processes."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from scalegmn.formats import load_state
from scalegmn.results import Results
from scalegmn.targets import SmallCNN

ROOT = Path(__file__).parents[1]
# Batches of 15 images, which two processes cannot share equally. SGD, because Adam would hide a
# wrong scale of gradients, and makes full steps of those that are zero but for rounding. No
# dropout, because every process draws its own masks.
TINY = [
    *("experiment=quickstart", "target.net.dropout=0", "data.batch_size=15", "sparsity=0.7"),
    *("optimizer=sgd", "optimizer.lr=1e-3", "scheduler.scheduler.lr_lambda.steps=1"),
    *("trainer.accelerator=cpu", "trainer.max_epochs=2", "trainer.limit_train_batches=3"),
    *("trainer.limit_val_batches=4", "trainer.limit_test_batches=4"),
    "callbacks.trained_target.optimizer._target_=torch.optim.SGD",
    *("callbacks.trained_target.max_epochs=1", "finetune.max_epochs=1"),
]


def started(folder, *overrides):
    return subprocess.Popen(
        [sys.executable, "train.py", *TINY, *overrides, f"hydra.run.dir={folder}"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    one, two = (tmp_path_factory.mktemp(name) for name in ("one", "two"))
    pair = ("trainer.devices=2", "trainer.strategy=ddp")
    for process in (started(two, *pair), started(one)):
        output, _ = process.communicate(timeout=300)
        assert process.returncode == 0, output
    return one, two


def rows(file):
    with file.open(newline="") as stream:
        return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(stream)]


@pytest.mark.parametrize("file", ["dense/metrics.csv", "metrics.csv"])
def test_training_does_not_depend_on_how_batches_are_shared(folders, file):
    one, two = (rows(folder / file) for folder in folders)
    assert len(one) == len(two) and "val/loss" in one[0]
    for ours, theirs in zip(two, one, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-5)


def besides_events(files):
    return {file for file in files if "tfevents" not in file}


def test_one_process_writes_what_both_found_out(folders):
    one, two = folders
    written, expected = ({str(f.relative_to(d)) for f in d.rglob("*")} for d in (two, one))
    assert besides_events(written) == besides_events(expected)
    (results,) = (Results.read(file) for file in two.rglob("results.json"))
    assert [row.method for row in results.pruned] == [None, "magnitude"]
    for row in results.pruned:
        weights = [t for t in load_state(two / row.file, SmallCNN()).values() if t.ndim > 1]
        zeros = sum(int((t == 0).sum()) for t in weights)
        assert zeros == int(sum(t.numel() for t in weights) * 0.7)

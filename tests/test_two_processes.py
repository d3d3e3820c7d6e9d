"""The same run on two processes."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from scalegmn.formats import load_state
from scalegmn.results import Results
from scalegmn.targets import SmallCNN
from tests.zoos import metrics_of, write_zoo

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
        [sys.executable, "train.py", *overrides, f"hydra.run.dir={folder}"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def on_one_and_on_two(tmp_path_factory, *overrides):
    one, two = (tmp_path_factory.mktemp(name) for name in ("one", "two"))
    pair = ("trainer.devices=2", "trainer.strategy=ddp")
    for process in (started(two, *overrides, *pair), started(one, *overrides)):
        output, _ = process.communicate(timeout=300)
        assert process.returncode == 0, output
    return one, two


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return on_one_and_on_two(tmp_path_factory, *TINY)


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


def test_predictors_are_measured_on_every_network_once(tmp_path_factory):
    data_dir = tmp_path_factory.mktemp("data")
    write_zoo(data_dir / "cifar10", metrics_of(110, steps=(7,)))
    # 88 networks to train on, 11 to validate and 11 to test: batches of 9, 7 and 2.
    overrides = [
        *("experiment=predict_small_cnn", "data.activation=null", "model/reader=statnn"),
        *(f"paths.data_dir={data_dir}", "data.batch_size=9", "trainer.max_epochs=2"),
        *("optimizer=sgd", "scheduler=constant", "trainer.accelerator=cpu"),
    ]
    one, two = on_one_and_on_two(tmp_path_factory, *overrides)
    found, expected = (Results.read(folder / "results.json").metrics for folder in (two, one))
    assert expected["test_networks"] == expected["val_networks"] == 11
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-6)
    for ours, theirs in zip(rows(two / "metrics.csv"), rows(one / "metrics.csv"), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-5, abs=1e-6)

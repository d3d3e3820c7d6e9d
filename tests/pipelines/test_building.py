"""Zoos, from the command to the predictor's data."""

import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import train
from datamodules.pruned_zoo import PrunedZoo
from datamodules.small_cnn_zoo import SmallCNNZoo
from pipelines import launch
from reporting import Results
from scalegmn.zoo import ZooFolder

TINY = ["architecture.d=2", "architecture.num_layers=1", "trainer.max_epochs=1", "logger=none"]
DOCS = (Path(__file__).parents[2] / "docs" / "predictors.md").read_text()
SMALL = ["zoo.networks=3", "zoo.epochs=1", "zoo.checkpoints=[0]", "zoo.ranges.train_fraction=[0.1]"]


@pytest.fixture
def build(monkeypatch, tmp_path):
    def build(*arguments):
        where = [f"hydra.run.dir={tmp_path / 'run'}", "trainer.accelerator=cpu"]
        monkeypatch.setattr(sys, "argv", ["train.py", *arguments, *where])
        launch.command(train.main)
        return Results.read(tmp_path / "run" / "results.json")

    return build


def test_build_zoo_makes_a_zoo_and_says_what_it_took(build, tmp_path):
    command = ["experiment=build_zoo", "data=digits", f"paths.data_dir={tmp_path}", *SMALL]
    results = build(*command)
    assert results.metrics["networks"] == 3 and results.metrics["seconds_per_network"] > 0
    assert results.dataset == "digits" and results.debug is None
    zoo = ZooFolder.open(tmp_path / "zoo_digits")
    assert len(zoo.weights) == 6 and {"val_accuracy", "test_accuracy"} <= set(zoo.metrics)
    assert zoo.metrics["val_accuracy"].between(0, 1).all()
    told = (tmp_path / "zoo_digits" / "zoo.json").stat().st_mtime_ns
    again = build(*command)
    assert replace(again, peak_memory_mb=None) == replace(results, peak_memory_mb=None)
    assert (tmp_path / "zoo_digits" / "zoo.json").stat().st_mtime_ns == told


def test_a_zoo_that_is_gone_is_built_again(build, tmp_path):
    command = ["experiment=build_zoo", "data=digits", f"paths.data_dir={tmp_path}", *SMALL]
    build(*command, "zoo.networks=1")
    shutil.rmtree(tmp_path / "zoo_digits")
    build(*command, "zoo.networks=1")
    assert len(ZooFolder.open(tmp_path / "zoo_digits").weights) == 2


def test_what_the_docs_say_of_a_zoo_of_ones_own_works(build, tmp_path):
    make, learn = (
        re.findall(rf"python train.py (experiment={name} .*digits.*)", DOCS)[0].split()
        for name in ("build_zoo", "predict_small_cnn")
    )
    make.append("zoo.networks=32")
    assert build(*make, *SMALL[1:], f"paths.data_dir={tmp_path}").metrics["networks"] > 30
    (tmp_path / "run" / "run.json").unlink()
    results = build(*learn, *TINY, f"paths.data_dir={tmp_path}")
    assert results.predictor and results.metrics["test_networks"] >= 2


def test_smoke_zoos_stay_in_the_folder_of_the_run(build, tmp_path):
    results = build("experiment=build_zoo", "data=digits", "debug=smoke")
    assert results.debug and results.metrics["networks"] == 3
    assert [path.name for path in Path(tmp_path).iterdir()] == ["run"]


def test_a_pruned_zoo_is_made_of_a_zoo_and_learnt_from_as_the_docs_say(build, tmp_path):
    data_dir = f"paths.data_dir={tmp_path}"
    prune, learn = (
        re.findall(rf"python train.py (experiment={what}.*)", DOCS)[0]
        .replace("cifar10_gray", "digits")
        .split()
        for what in ("build_pruned_zoo .*zoo.activation", "predict_small_cnn data=pruned_zoo")
    )
    only_relu = ("zoo.networks=12", "zoo.ranges.activation=[relu]")
    build("experiment=build_zoo", "data=digits", *SMALL, *only_relu, data_dir)
    (tmp_path / "run" / "run.json").unlink()
    results = build(
        *(*prune, "zoo.networks=30", "zoo.epochs=1", "zoo.checkpoints=[0]"),
        *("zoo.train_fraction=0.1", "zoo.sparsity=[0.1,0.9]", data_dir),
    )
    assert results.metrics["networks"] == 30
    base = SmallCNNZoo(data_dir=tmp_path, folder="zoo_digits", label="val_accuracy")
    data = PrunedZoo(base=base, data_dir=tmp_path, folder="pruned_zoo_digits")
    records = data.records()
    assert sum(len(part) for parts in records.values() for part in parts) == 60
    (tmp_path / "run" / "run.json").unlink()
    assert build(*learn, *TINY, data_dir).dataset == "pruned_zoo_digits_relu"

"""The same run on two processes; of what trains on images, see test_sweep_on_two_processes.py."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir

from reporting import Results
from tests.zoos import metrics_of, write_zoo
from train import train

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def determinism():
    yield
    torch.use_deterministic_algorithms(False)


def on_one_and_on_two(tmp_path_factory, *overrides):
    one, two = (tmp_path_factory.mktemp(name) for name in ("one", "two"))
    pair = ("trainer.devices=2", "trainer.strategy=ddp", f"hydra.run.dir={two}")
    process = subprocess.Popen(
        [sys.executable, "train.py", *overrides, *pair],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        train(compose("train", overrides=[*overrides, f"paths.run_dir={one}"]))
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    return one, two


def rows(file):
    with file.open(newline="") as stream:
        return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(stream)]


TINY = ["architecture.d=4", "architecture.num_layers=2"]
READERS = {
    "statistics": ["data.activation=null", "model/reader=statnn"],
    # Where a share of a batch lacks an activation, every parameter has a gradient all the same.
    "hetero, bidirectional": [
        *("data.activation=null", "model/symmetry=hetero", "model/direction=bidirectional"),
        *TINY,
    ],
}


@pytest.mark.parametrize("reader", READERS)
def test_predictors_are_measured_on_every_network_once(reader, tmp_path_factory):
    data_dir = tmp_path_factory.mktemp("data")
    metrics = metrics_of(110, steps=(7,))
    write_zoo(data_dir / "cifar10", metrics)
    # 88 networks to train on, 11 to validate and 11 to test: batches of 9, 7 and 2.
    overrides = [
        *("experiment=predict_small_cnn", *READERS[reader]),
        *(f"paths.data_dir={data_dir}", "data.batch_size=9", "trainer.max_epochs=2"),
        *("optimizer=sgd", "scheduler=constant", "trainer.accelerator=cpu"),
    ]
    one, two = on_one_and_on_two(tmp_path_factory, *overrides)
    found, expected = (Results.read(folder / "results.json").metrics for folder in (two, one))
    assert expected["test_networks"] == expected["val_networks"] == 11
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-6)
    for ours, theirs in zip(rows(two / "metrics.csv"), rows(one / "metrics.csv"), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-5, abs=1e-6)

"""Predictors from the first to the last line."""

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from scipy.stats import kendalltau

import evaluate
from callbacks.metrics_csv import MetricsCSV
from pipelines import launch
from pipelines.errors import one_line
from pipelines.execute import objective
from reporting import Results
from reporting.predictions import read_predictions
from scalegmn.formats import load_state, read_metadata
from scalegmn.graph import NetworkGraph
from scalegmn.predictor import load_predictor
from scalegmn.targets import SmallCNN
from tests.zoos import metrics_of, write_zoo
from train import train

ROOT = Path(__file__).parents[1]
TINY = [
    "experiment=predict_small_cnn",
    "architecture.d=4",
    "architecture.num_layers=2",
    "trainer.max_epochs=3",
    "scheduler.scheduler.lr_lambda.steps=4",
    "logger=none",
]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    base = metrics_of(200, steps=(0, 7))
    write_zoo(folder / "cifar10", base)
    pruned = metrics_of(120, steps=(0, 5))
    rows = np.arange(120).repeat(2) * 3 + 1
    pruned["config.base_row"] = rows
    pruned["config.activation"] = base["config.activation"].to_numpy()[rows]
    pruned["config.sparsity"] = 0.4
    pruned["config.finetune_epoch"] = pruned["step"]
    weights = np.random.default_rng(2).normal(size=(240, 4970)).astype(np.float32)
    weights[:, 160:2480] *= np.random.default_rng(3).uniform(size=(240, 2320)) < 0.6
    write_zoo(folder / "pruned_zoo", pruned, weights)
    return folder


def in_process(folder, data_dir, *overrides):
    paths = [f"paths.run_dir={folder}", f"paths.data_dir={data_dir}"]
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return train(compose("train", overrides=[*TINY, *overrides, *paths]))


@pytest.fixture(autouse=True)
def determinism():
    yield
    torch.use_deterministic_algorithms(False)


@pytest.fixture(scope="module")
def trained(data_dir, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    in_process(folder, data_dir)
    return folder


def epochs(folder):
    with (folder / "metrics.csv").open(newline="") as stream:
        return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(stream)]


def test_a_run_leaves_a_predictor_and_what_it_is_worth(trained):
    results = Results.read(trained / "results.json")
    assert results.predictor == "ScaleGMN (scale), forward" and results.target == "small_cnn"
    assert results.dataset == "cifar10_zoo_relu" and results.method is None
    assert results.label == "test_accuracy" and results.finetuned_from is None
    assert results.metrics.keys() >= {"kendall_tau", "r2", "mae", "val_kendall_tau"}
    taus = [row["val/kendall_tau"] for row in epochs(trained)]
    assert len(taus) == 3
    assert results.metrics["val_kendall_tau"] == pytest.approx(max(taus), abs=1e-6)
    assert objective(results) == -results.metrics["val_kendall_tau"]
    names = ("predictor.safetensors", "predictions.png", "calibration.png", "calibration.csv")
    assert (trained / "checkpoints" / "best.ckpt").is_file()
    assert all((trained / name).is_file() for name in names)
    left = read_predictions(trained)
    tau = kendalltau(left.predicted, left.label).statistic
    assert results.metrics["kendall_tau"] == pytest.approx(tau, abs=1e-12)
    assert len(left.label) == results.metrics["test_networks"]
    assert results.metrics["good_networks"] == (left.label >= 0.4).sum()
    said = read_metadata(trained / "predictor.safetensors")
    assert said["dataset"] == "cifar10_zoo_relu" and said["label"] == "test_accuracy"


@pytest.mark.parametrize(
    ("overrides", "predictor"),
    [
        (["model/reader=statnn", "model/loss=bce"], "StatNN"),
        (["model/reader=mlp"], "MLP"),
        (["model/symmetry=permutation", "model/direction=bidirectional"], "GMN, bidirectional"),
        (["hparams=cifar10_hetero_bidirectional"], "ScaleGMN (hetero), bidirectional"),
        (["hparams=cifar10_tanh"], "ScaleGMN (sign), forward"),
        (["data=zoo_union", "data.activation=relu"], "ScaleGMN (scale), forward"),
    ],
)
def test_all_kinds_of_predictors_are_trained(overrides, predictor, data_dir, tmp_path):
    results = in_process(tmp_path, data_dir, *overrides, "debug=smoke")
    assert results.predictor == predictor and results.debug
    assert all(np.isfinite(row["val/loss"]) for row in epochs(tmp_path))


def test_a_symmetry_that_the_networks_do_not_have_is_one_line(data_dir, tmp_path):
    with pytest.raises(ValueError) as error:
        in_process(tmp_path, data_dir, "data.activation=tanh")
    assert "does not have the symmetry scale; choose another" in one_line(error.value)
    with pytest.raises(ValueError, match="the zoo has tanh networks, and ScaleGMN"):
        in_process(tmp_path, data_dir, "data.activation=null")


def test_a_predictor_is_fine_tuned_on_pruned_networks(trained, data_dir, tmp_path):
    weights = f"predictor.weights={trained / 'predictor.safetensors'}"
    overrides = ["hparams=finetuned_on_pruned_zoo", weights, "architecture.d=99"]
    results = in_process(tmp_path, data_dir, *overrides, "trainer.max_epochs=1")
    before, after = (load_predictor(f / "predictor.safetensors") for f in (trained, tmp_path))
    assert after.recipe == before.recipe and results.dataset == "pruned_zoo_relu"
    assert results.label == "val_accuracy"
    assert results.finetuned_from == "cifar10_zoo_relu (test_accuracy)"
    assert (
        after.trained_on == "pruned_zoo_relu (val_accuracy) after cifar10_zoo_relu (test_accuracy)"
    )
    steps = [
        (new - old).abs().max().item()
        for old, new in zip(before.parameters(), after.parameters(), strict=True)
    ]
    # One step of AdamW in the warm-up: a fraction of the learning rate of fine-tuning.
    assert 0 < max(steps) < 1e-3


def test_a_predictor_is_not_tested_on_networks_that_it_learnt_from(trained, data_dir, tmp_path):
    weights = f"predictor.weights={trained / 'predictor.safetensors'}"
    with pytest.raises(ValueError) as error:
        in_process(tmp_path, data_dir, "data=pruned_zoo", weights, "data.base.split_seed=1")
    said = "learnt from cifar10 split by run with seed 42, and these networks are split by run with"
    assert said in one_line(error.value)


def test_a_stopped_run_ends_like_an_uninterrupted_one(trained, data_dir, tmp_path, monkeypatch):
    write = MetricsCSV.on_train_epoch_end

    def stop(self, trainer, pl_module):
        write(self, trainer, pl_module)
        if trainer.current_epoch == 1:
            raise RuntimeError("stopped")

    with monkeypatch.context() as context, pytest.raises(RuntimeError, match="stopped"):
        context.setattr(MetricsCSV, "on_train_epoch_end", stop)
        in_process(tmp_path, data_dir)
    ours = in_process(tmp_path, data_dir)
    assert ours.metrics == Results.read(trained / "results.json").metrics
    assert epochs(tmp_path) == epochs(trained)


def evaluated(monkeypatch, folder, *overrides):
    monkeypatch.setattr(sys, "argv", ["evaluate.py", *overrides, f"hydra.run.dir={folder}"])
    launch.command(evaluate.main)
    return json.loads((folder / "evaluation.json").read_text())


def test_a_predictor_reads_a_network_from_its_file(trained, data_dir, tmp_path, monkeypatch):
    row = np.load(data_dir / "pruned_zoo" / "weights.npy")[0]
    np.save(tmp_path / "row.npy", row)
    file = trained / "predictor.safetensors"
    found = evaluated(monkeypatch, tmp_path, f"predictor={file}", f"network={tmp_path}/row.npy")
    net = SmallCNN()
    net.load_state_dict(load_state(tmp_path / "row.npy", net))
    graph = NetworkGraph.from_module(net, torch.zeros(1, 1, 32, 32))
    with torch.no_grad():
        said = load_predictor(file)(graph, dict(net.named_parameters())).item()
    assert found["predicted_acc"] == said and found["trained_on"] == "cifar10_zoo_relu"
    assert 0.1 < found["weight_sparsity"] < 0.9
    chosen = ["target=small_cnn", "target.net.dropout=0.5"]
    again = evaluated(
        monkeypatch, tmp_path, f"predictor={file}", f"network={tmp_path}/row.npy", *chosen
    )
    assert again == found


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["predictor=FILE"], "give both: predictor=FILE network=FILE"),
        ([], "give file=FILE, or predictor=FILE network=FILE"),
        (["predictor=FILE", "network=none.npy"], "none.npy: no such file"),
        (["predictor=ROW", "network=ROW"], "row.npy: no predictor; expected"),
        (
            ["predictor=FILE", "network=ROW", "+target.net.activation={_target_:torch.nn.Tanh}"],
            "features.0: what follows it .* does not have the symmetry scale",
        ),
    ],
)
def test_a_mistake_is_one_line(overrides, message, trained, tmp_path, monkeypatch):
    np.save(tmp_path / "row.npy", np.zeros(4970, np.float32))
    file = str(trained / "predictor.safetensors")
    given = [o.replace("FILE", file).replace("ROW", str(tmp_path / "row.npy")) for o in overrides]
    given = [o.replace("Tanh}", "Tanh,_partial_:true}") for o in given]
    with pytest.raises(SystemExit, match=message):
        evaluated(monkeypatch, tmp_path / "run", *given)
    assert not (tmp_path / "run").exists()

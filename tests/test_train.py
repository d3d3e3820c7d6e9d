"""Runs from the first to the last line, and runs that are killed."""

import csv
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from torch import nn

import evaluate
import train as train_py
from pipelines import launch
from pipelines.checkpoints import checkpoint_to_continue
from pipelines.execute import objective
from pipelines.run_record import read_record
from reporting import DenseRow, PrunedRow, Results
from scalegmn.formats import load_state, read_metadata
from scalegmn.targets import SmallCNN
from train import train

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
# Everything that can go wrong when a run is resumed: dropout, warm-up, momentum, several fits.
TINY = [
    "experiment=quickstart",
    "target.net.dropout=0.2",
    "data.batch_size=300",
    "sparsity=[0.7,0.9]",
    "trainer.max_epochs=4",
    "finetune.lr=[1e-2,1e-3]",
    "finetune.max_epochs=3",
    "dense.max_epochs=2",
    "callbacks.sparsity_monitor.every_n_epochs=2",
]
# Runs train.py, and kills it when a metrics.csv with this part in its path has this many rows:
# after the row was written, before the checkpoint is.
KILLED = """
import os, signal, sys
import train
from pipelines import launch
from callbacks.metrics_csv import MetricsCSV

part, rows = sys.argv.pop(1), int(sys.argv.pop(1))
write = MetricsCSV.on_train_epoch_end

def kill(self, trainer, pl_module):
    write(self, trainer, pl_module)
    if part in str(self.file) and trainer.current_epoch + 1 == rows:
        os.kill(os.getpid(), signal.SIGKILL)

MetricsCSV.on_train_epoch_end = kill
launch.command(train.main)
"""


@pytest.fixture(autouse=True)
def determinism():
    yield
    torch.use_deterministic_algorithms(False)


def in_process(folder, *overrides):
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        where = [f"paths.run_dir={folder}", f"paths.dense_dir={folder}/shared"]
        return train(compose("train", overrides=[*overrides, *where]))


def killed(folder, part, rows, *overrides):
    command = [sys.executable, "-c", KILLED, part, str(rows), *overrides]
    done = subprocess.run(
        [*command, f"hydra.run.dir={folder}", f"paths.dense_dir={folder}/shared"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


def tables(folder):
    return {
        str(file.relative_to(folder)): list(csv.DictReader(file.read_text().splitlines()))
        for file in sorted(folder.rglob("metrics.csv"))
    }


def comparable(folder):
    results = json.loads((folder / "results.json").read_text())
    for key in ("wall_seconds", "peak_memory_mb"):
        assert results.pop(key) >= 0
    # Only runs that were not interrupted know it.
    assert results.pop("method_seconds", 0) >= 0
    return results


def test_a_killed_run_ends_like_an_uninterrupted_one(tmp_path, capsys):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    in_process(whole, *TINY)
    first_table = capsys.readouterr().out

    killed(broken, "small_cnn_digits_", 1, *TINY)
    # From its first minute on, the folder is this run's, and its clock runs.
    first = read_record(broken)
    assert first is not None and first.earlier_seconds == 0
    killed(broken, "broken/metrics.csv", 3, *TINY)
    checkpoint = torch.load(broken / "checkpoints" / "last.ckpt", weights_only=True)
    assert read_record(broken).earlier_seconds > 0
    assert checkpoint["epoch"] == 1 and not (broken / "results.json").exists()
    killed(broken, "scalegmn_eq_90/lr_0.001", 2, *TINY)
    assert (broken / "pruned_70.safetensors").exists() and not list(broken.glob("*.json.*"))
    in_process(broken, *TINY)

    assert comparable(broken) == comparable(whole)
    assert "debug" not in comparable(whole)
    ours, theirs = tables(broken), tables(whole)
    assert ours.keys() == theirs.keys() and len(ours) == 1 + 1 + 2 * 2 * 2
    assert [row["epoch"] for row in ours["metrics.csv"]] == ["0", "1", "2", "3"]
    for name in ours:
        for row, expected in zip(ours[name], theirs[name], strict=True):
            assert {k: float(v) for k, v in row.items()} == pytest.approx(
                {k: float(v) for k, v in expected.items()}, rel=0, abs=1e-6
            )
    for file in whole.rglob("*.safetensors"):
        other = load_state(broken / file.relative_to(whole), SmallCNN())
        for tensor_name, tensor in load_state(file, SmallCNN()).items():
            assert torch.equal(tensor, other[tensor_name])
    assert capsys.readouterr().out == first_table


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quickstart")
    in_process(folder, "debug=smoke")
    return folder


def test_a_run_leaves_what_the_design_promises(quickstart):
    results = Results.read(quickstart / "results.json")
    assert results.experiment == "quickstart" and results.method == "scalegmn_eq"
    assert results.target == "small_cnn" and results.dataset == "digits" and results.seed == 42
    assert [row.method for row in results.pruned] == [None, "magnitude"]
    assert results.debug is True
    assert results.dense.parameters == 4970 and results.dense.saw_validation is False
    assert (quickstart / ".hydra" / "config.yaml").exists()
    for name in ("accuracy.png", "layers.png", "metrics.csv", "rewritten.safetensors"):
        assert (quickstart / name).stat().st_size > 0
    assert list(quickstart.glob("events.out.tfevents.*"))
    for row in results.pruned:
        weights = [t for t in load_state(quickstart / row.file, SmallCNN()).values() if t.ndim > 1]
        zeros = sum(int((t == 0).sum()) for t in weights)
        assert zeros == int(sum(t.numel() for t in weights) * 0.8)
        said = read_metadata(quickstart / row.file)
        assert said["target"] == "small_cnn" and said["dataset"] == "digits"
        assert said["experiment"] == "quickstart" and said["sparsity"] == "0.8"


def test_checkpoints_hold_plain_values_only(quickstart):
    found = sorted(quickstart.rglob("*.ckpt"))
    assert [file.name for file in found] == ["best.ckpt", "last.ckpt"]
    for file in found:
        assert torch.load(file, weights_only=True)["callbacks"]


def test_a_pruned_network_is_evaluated_from_its_file_alone(quickstart, tmp_path, monkeypatch):
    file = quickstart / "pruned_80.safetensors"
    argv = ["evaluate.py", f"file={file}", f"hydra.run.dir={tmp_path}"]
    monkeypatch.setattr(sys, "argv", argv)
    launch.command(evaluate.main)
    found = json.loads((tmp_path / "evaluation.json").read_text())
    row = Results.read(quickstart / "results.json").pruned[0]
    assert found["dataset"] == "digits" and found["target"] == "small_cnn"
    assert found["weight_sparsity"] == row.weight_sparsity
    assert found["parameter_sparsity"] == row.parameter_sparsity
    assert found["nonzero"] == row.nonzero and found["parameters"] == 4970
    assert found["macs"] == 15 * 15 * 9 * 16 + (49 + 9) * 9 * 256 + 160
    assert 0 <= found["test_acc"] <= 1


def test_a_file_brings_the_settings_of_its_network(tmp_path, monkeypatch):
    overrides = ["experiment=train_small_cnn", "debug=smoke", "data=digits", "target.net.width=8"]
    in_process(tmp_path / "narrow", *overrides)
    file = tmp_path / "narrow" / "dense.safetensors"
    argv = ["evaluate.py", f"file={file}", f"hydra.run.dir={tmp_path}"]
    monkeypatch.setattr(sys, "argv", argv)
    launch.command(evaluate.main)
    found = json.loads((tmp_path / "evaluation.json").read_text())
    assert found["parameters"] == sum(p.numel() for p in SmallCNN(width=8).parameters())
    monkeypatch.setattr(sys, "argv", [*argv, "target.net.width=16"])
    with pytest.raises(SystemExit, match=r"has shape \(8, 1, 3, 3\), expected \(16, 1, 3, 3\)"):
        launch.command(evaluate.main)


@pytest.mark.parametrize("experiment", ["train_small_cnn", "finetune_small_cnn", "baseline_random"])
def test_experiments_run(experiment, quickstart, tmp_path):
    overrides = [f"experiment={experiment}", "debug=smoke", "data=digits"]
    if experiment != "train_small_cnn":
        overrides.append(f"target.weights={quickstart / 'dense.safetensors'}")
    results = in_process(tmp_path, *overrides)
    assert results.dense.test_acc > 0
    if experiment == "train_small_cnn":
        assert read_metadata(tmp_path / "dense.safetensors")["saw_validation"] == "false"
    else:
        assert Results.read(tmp_path / "results.json").dense.saw_validation is False


def test_a_sweep_goes_on_after_a_mistake_and_finds_its_jobs_again(
    quickstart, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    weights = quickstart / "dense.safetensors"
    command = ["train.py", "-m", "experiment=finetune_small_cnn", "debug=smoke", "data=digits"]
    monkeypatch.setattr(sys, "argv", [*command, f"target.weights={weights}", "sparsity=1.5,0.5"])
    with pytest.raises(SystemExit, match="sparsity must be at least 0 and below 1, got 1.5"):
        launch.command(train_py.main)
    (job,) = (tmp_path / "outputs/finetune_small_cnn/sweep").glob("*/")
    assert job.name.startswith("data_digits-debug_smoke-sparsity_0.5-")
    results = (job / "results.json").read_bytes()
    first = capsys.readouterr().out
    assert "sparsity=1.5: sparsity must be" in first and "small_cnn on digits" in first

    monkeypatch.setattr("pipelines.run.Run.trainer", None)  # Nothing is trained again.
    with pytest.raises(SystemExit):
        launch.command(train_py.main)
    assert (job / "results.json").read_bytes() == results
    assert "small_cnn on digits" in capsys.readouterr().out


def test_a_sweep_is_told_about_validation_only():
    dense = DenseRow(test_acc=0.1, val_loss=3.0)
    facts = {"experiment": "e", "seed": 1, "target": "small_cnn", "dataset": "digits"}
    assert objective(Results(**facts, dense=dense)) == 3.0
    rows = [PrunedRow(sparsity=s, test_acc=0.2, val_loss=v) for s, v in [(0.5, 1.0), (0.9, 2.0)]]
    other = PrunedRow(sparsity=0.5, test_acc=0.2, val_loss=9.0, method="random")
    results = Results(**facts, method="magnitude", dense=dense, pruned=(*rows, other))
    assert objective(results) == 1.5


def test_ctrl_c_leaves_a_run_that_can_be_resumed(tmp_path):
    code = KILLED.replace("SIGKILL", "SIGINT")
    command = [sys.executable, "-c", code, "metrics.csv", "2", "experiment=train_small_cnn"]
    command += ["data=digits", "trainer.max_epochs=3", f"hydra.run.dir={tmp_path}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "checkpoints" / "last.ckpt").exists()


def test_a_job_that_a_cluster_takes_back_goes_on_in_its_folder(tmp_path, monkeypatch):
    """What SLURM does: a signal before the end, ``scontrol requeue``, and then the end."""
    scontrol = tmp_path / "scontrol"
    scontrol.write_text('#!/bin/sh\necho "$@" > requeued; kill -9 $PPID\n')
    scontrol.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    for name in ("PROCID", "LOCALID", "NODEID"):
        monkeypatch.setenv(f"SLURM_{name}", "0")
    for name in ("NTASKS", "NTASKS_PER_NODE", "NNODES"):
        monkeypatch.setenv(f"SLURM_{name}", "1")
    monkeypatch.setenv("SLURM_JOB_ID", "77")
    monkeypatch.setenv("SLURM_JOB_NAME", "train")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    # Sums differ in their last digits with the number of threads.
    overrides = ["experiment=train_small_cnn", "data=digits", "trainer.max_epochs=3"]
    overrides.append("num_threads=1")
    code = KILLED.replace("SIGKILL", "SIGUSR1")
    command = [sys.executable, "-c", code, "metrics.csv", "2", "trainer=slurm", *overrides]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert (tmp_path / "requeued").read_text() == "requeue 77\n"
    (saved,) = (tmp_path / "outputs/train_small_cnn/slurm-77/checkpoints").glob("hpc_ckpt_*.ckpt")
    assert torch.load(saved, weights_only=True)["epoch"] == 1

    monkeypatch.setattr(sys, "argv", ["train.py", "trainer=slurm", *overrides])
    launch.command(train_py.main)
    (folder,) = (tmp_path / "outputs/train_small_cnn").iterdir()
    monkeypatch.delenv("SLURM_NTASKS")
    in_process(tmp_path / "whole", *overrides)
    assert comparable(folder) == comparable(tmp_path / "whole")
    assert tables(folder) == tables(tmp_path / "whole")


def test_in_its_first_epoch_a_job_has_only_what_the_cluster_let_it_save(quickstart, tmp_path):
    folder, model = tmp_path / "checkpoints", nn.Linear(1, 1)
    folder.mkdir()
    content = torch.load(quickstart / "checkpoints/last.ckpt", weights_only=True)
    content["state_dict"] = model.state_dict()
    assert checkpoint_to_continue(tmp_path, None, model) is None
    for name in ("hpc_ckpt_1.ckpt", "hpc_ckpt_2.ckpt", "last.ckpt"):
        torch.save(content, folder / name)
        assert checkpoint_to_continue(tmp_path, None, model) == folder / name


@pytest.mark.real_data
def test_the_zoo_s_best_network_is_as_good_as_it_was(real_data, tmp_path, monkeypatch):
    row = real_data / "zoo" / "small_cnn_best.npy"
    argv = ["evaluate.py", f"file={row}", "target=small_cnn", "data=cifar10_gray"]
    argv += ["data.folder=cifar-10-lossless", f"paths.data_dir={real_data}"]
    monkeypatch.setattr(sys, "argv", [*argv, f"hydra.run.dir={tmp_path}"])
    launch.command(evaluate.main)
    found = json.loads((tmp_path / "evaluation.json").read_text())
    assert found["test_acc"] == pytest.approx(0.576, abs=5e-4)

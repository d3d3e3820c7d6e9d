"""Searches: ``hydra/sweeper=optuna`` from the first to the last trial, and killed on the way."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

import train
from pipelines import launch
from pipelines.execute import objective
from reporting import Results

optuna = pytest.importorskip("optuna", reason='comes with pip install -e ".[optuna]"')
pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
TRIALS = 6
SEARCH = [
    *("-m", "hydra/sweeper=optuna", f"hydra.sweeper.n_trials={TRIALS}"),
    *("experiment=baseline_magnitude", "data=digits", "debug=smoke", "sparsity=[0.5,0.9]"),
    *("num_threads=1", "trainer.accelerator=cpu", "hydra.sweeper.pruner.n_startup_trials=2"),
    "finetune.lr=tag(log, interval(1e-5, 1e-1))",
]


@pytest.fixture(autouse=True)
def determinism():
    yield
    torch.use_deterministic_algorithms(False)


def places(folder):
    return [f"hydra.sweep.dir={folder}", f"paths.dense_dir={folder}_dense"]


def search(monkeypatch, folder, *overrides):
    monkeypatch.setattr(sys, "argv", ["train.py", *SEARCH, *overrides, *places(folder)])
    launch.command(train.main)


def trials(folder):
    return optuna.load_study(study_name="search", storage=f"sqlite:///{folder}/study.db").trials


def found(folder, *states):
    """Values and objectives of trials, without those that were interrupted."""
    kept = [trial for trial in trials(folder) if trial.state.name in states]
    return [(trial.params, trial.state.name, trial.values) for trial in kept]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("search")
    with pytest.MonkeyPatch.context() as patch:
        search(patch, folder)
    return folder


def test_a_search_minimises_the_validation_loss_and_stops_bad_trials(undisturbed):
    done = {trial.number: trial for trial in trials(undisturbed)}
    assert len(done) == TRIALS and {t.state.name for t in done.values()} == {"COMPLETE", "PRUNED"}
    for trial in done.values():
        file = undisturbed / trial.user_attrs["job"] / "results.json"
        assert file.exists() == (trial.state.name == "COMPLETE")
        if file.exists():
            results = Results.read(file)
            assert trial.value == objective(results)
            losses = {round(1000 * row.sparsity): row.val_loss for row in results.pruned}
            assert trial.intermediate_values == losses
    best = OmegaConf.load(undisturbed / "optimization_results.yaml")
    assert best.best_value == min(t.value for t in done.values() if t.value is not None)
    assert (undisturbed / best.best_job / "pruned_90.safetensors").exists()


def test_started_again_it_has_nothing_to_do(undisturbed, monkeypatch, capsys):
    search(monkeypatch, undisturbed)
    assert len(trials(undisturbed)) == TRIALS
    assert "results will be in" not in capsys.readouterr().out


def test_a_search_that_is_killed_ends_like_an_undisturbed_one(undisturbed, tmp_path, monkeypatch):
    folder = tmp_path / "search"
    command = [sys.executable, "train.py", *SEARCH, *places(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, process_group=0)
    try:
        until = time.monotonic() + 300
        # In the fourth trial, after its first network.
        while len(list(folder.glob("*/pruned_50.safetensors"))) < 4:
            assert process.poll() is None and time.monotonic() < until
            time.sleep(0.02)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    before = {file: file.stat().st_mtime_ns for file in folder.glob("*/results.json")}
    search(monkeypatch, folder)
    done = ("COMPLETE", "PRUNED")
    assert found(folder, *done) == found(undisturbed, *done)
    assert all(file.stat().st_mtime_ns == when for file, when in before.items())


def test_a_trial_that_fails_is_no_end_and_is_tried_again(tmp_path, monkeypatch, capsys):
    few = ["hydra.sweeper.n_trials=2", "finetune.lr=1e-2,0.0", "hydra.sweeper.seed=1"]
    for session in (1, 2):
        with pytest.raises(SystemExit, match="finetune.lr must be above 0"):
            search(monkeypatch, tmp_path, *few)
        states = [trial.state.name for trial in trials(tmp_path)]
        assert states.count("COMPLETE") == 1 and states.count("FAIL") == session


def test_a_fit_that_diverges_is_a_bad_trial(tmp_path, monkeypatch, capsys):
    given = ["experiment=train_small_cnn", "hydra.sweeper.n_trials=2", "optimizer=sgd"]
    given += ["optimizer.lr=1e-2,1e30", "hydra.sweeper.seed=1", "finetune.lr=1e-2"]
    search(monkeypatch, tmp_path, *given)
    states = {trial.params["optimizer.lr"]: trial.state.name for trial in trials(tmp_path)}
    assert states == {"0.01": "COMPLETE", "1e+30": "PRUNED"}
    assert "stopped early: training diverged: " in capsys.readouterr().out


def test_trials_of_several_processes_share_a_study(tmp_path, monkeypatch):
    reason = 'comes with pip install -e ".[sweeps]"'
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher", reason=reason)
    search(monkeypatch, tmp_path, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    done = trials(tmp_path)
    assert len(done) == TRIALS == sum(t.state.name in ("COMPLETE", "PRUNED") for t in done)
    assert all(trial.intermediate_values for trial in done)
    # Two are asked for before one of them is done.
    assert done[1].datetime_start < done[0].datetime_complete

"""A sweep that is killed again and again ends like an undisturbed one."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

import train
from pipelines import launch

pytestmark = pytest.mark.slow
pytest.importorskip(
    "hydra_plugins.hydra_joblib_launcher", reason='comes with pip install -e ".[sweeps]"'
)

ROOT = Path(__file__).parents[1]
TWELVE = [
    *("-m", "experiment=baseline_magnitude,baseline_random,baseline_snip", "seed=1,2"),
    *("selection.gauge=raw,balanced", "data=digits", "debug=smoke", "finetune.lr=1e-2"),
    *("num_threads=1", "trainer.accelerator=cpu"),
]
JOBS = 12
TWO_AT_ONCE = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]


def places(folder):
    return [f"hydra.sweep.dir={folder}", f"paths.dense_dir={folder}_dense"]


def finished(folder):
    return {file.parent.name: file for file in folder.glob("*/results.json")}


def results(folder):
    """What each job found, but for the time it took."""
    found = {name: json.loads(file.read_text()) for name, file in finished(folder).items()}
    for each in found.values():
        assert each.pop("wall_seconds") >= 0 and each.pop("peak_memory_mb") >= 0
        each.pop("method_seconds", None)  # Unknown where a method was interrupted.
    return found


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["train.py", *TWELVE, *places(folder)])
        launch.command(train.main)
    torch.use_deterministic_algorithms(False)
    return results(folder)


def killed(command, folder, moment):
    """Run the sweep until it has finished some jobs, and a moment longer."""
    before, more = len(finished(folder)), moment.randint(1, 3)
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, process_group=0
    )
    try:
        until = time.monotonic() + 300
        while len(finished(folder)) < before + more:
            assert process.poll() is None and time.monotonic() < until
            time.sleep(0.02)
        time.sleep(moment.uniform(0, 0.8))
    finally:
        os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def test_a_sweep_that_is_killed_twice_ends_like_an_undisturbed_one(undisturbed, tmp_path):
    folder, moment = tmp_path / "sweep", random.Random(0)
    command = [sys.executable, "train.py", *TWELVE, *TWO_AT_ONCE, *places(folder)]
    kept: dict[str, tuple[int, str]] = {}
    for _ in range(2):
        killed(command, folder, moment)
        known = {
            name: (f.stat().st_mtime_ns, f.read_text()) for name, f in finished(folder).items()
        }
        assert kept.items() <= known.items() and len(kept) < len(known) < JOBS
        kept = known
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("finished before, skipped") == len(kept)
    files = finished(folder)
    assert all(files[name].stat().st_mtime_ns == when for name, (when, _) in kept.items())
    assert len(files) == JOBS and results(folder) == undisturbed

"""Jobs of a sweep that run at once: one dense network for all, and one signal ends them all."""

import csv
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reporting import Results

pytestmark = pytest.mark.slow
pytest.importorskip(
    "hydra_plugins.hydra_joblib_launcher", reason='comes with pip install -e ".[sweeps]"'
)

ROOT = Path(__file__).parents[1]
EPOCHS = 40
TWO = [
    *("train.py", "-m", "experiment=baseline_magnitude,baseline_random", "data=digits"),
    *("debug=smoke", "finetune.lr=1e-2", "trainer.accelerator=cpu"),
    *("hydra/launcher=joblib", "hydra.launcher.n_jobs=2"),
]


def reset():
    """Under nohup and in background jobs these are ignored, and children inherit that."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def started(folder, *overrides):
    where = [f"hydra.sweep.dir={folder}/sweep", f"paths.dense_dir={folder}/dense"]
    return subprocess.Popen(
        [sys.executable, *TWO, *where, *overrides],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=reset,
        start_new_session=True,
    )


def test_two_jobs_train_the_dense_network_that_both_need_once(tmp_path):
    said, errors = started(tmp_path, f"dense.max_epochs={EPOCHS}").communicate(timeout=900)
    (metrics,) = (tmp_path / "dense").glob("*/metrics.csv")
    with metrics.open(newline="") as stream:
        assert [int(row["epoch"]) for row in csv.DictReader(stream)] == list(range(EPOCHS))
    assert said.count(f"dense small_cnn: epoch {EPOCHS} of {EPOCHS}") == 1, said + errors
    found = [Results.read(file) for file in (tmp_path / "sweep").glob("*/results.json")]
    assert {results.method for results in found} == {"magnitude", "random"}
    assert len({results.dense.hash for results in found}) == 1


def test_a_signal_to_the_first_process_ends_all_jobs(tmp_path):
    process = started(tmp_path, "dense.max_epochs=100000")
    try:
        until = time.monotonic() + 300
        while not list(tmp_path.rglob("last.ckpt")):
            assert process.poll() is None and time.monotonic() < until
            time.sleep(0.1)
        process.terminate()
        # Ends when nobody has the pipes any more: neither the sweep, nor its jobs.
        _, errors = process.communicate(timeout=15)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    assert "Traceback" not in errors
    assert "interrupted; to continue: python train.py -m experiment=baseline_magnitude" in errors


def test_jobs_of_submitit_run_from_any_folder(tmp_path):
    reason = 'comes with pip install -e ".[sweeps]"'
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher", reason=reason)
    overrides = [*TWO[1:6], "trainer.accelerator=cpu", "hydra/launcher=submitit_local"]
    command = [sys.executable, ROOT / "train.py", *overrides, "hydra.sweep.dir=sweep"]
    done = subprocess.run(
        [*command, "paths.dense_dir=dense"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "sweep").glob("*/results.json"))) == 2
    logs = (tmp_path / "sweep" / ".submitit").glob("*/*_log.out")
    assert "".join(file.read_text() for file in logs).count("results will be in sweep/") == 2

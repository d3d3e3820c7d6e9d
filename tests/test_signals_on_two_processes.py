"""Ctrl-C and SIGTERM end all processes of a run on two."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, "train.py", "experiment=train_small_cnn", "data=digits"]
ENDLESS = ["trainer=ddp_cpu", "trainer.max_epochs=100000", "num_threads=1"]


def reset():
    """Under nohup and in background jobs these are ignored, and children inherit that."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@pytest.mark.parametrize(
    ("send", "number"), [(os.killpg, signal.SIGINT), (os.kill, signal.SIGTERM)]
)
def test_all_processes_end_within_seconds(send, number, tmp_path):
    process = subprocess.Popen(
        [*COMMAND, *ENDLESS, f"hydra.run.dir={tmp_path}"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=reset,
        start_new_session=True,
    )
    try:
        until = time.monotonic() + 120
        while not list(tmp_path.rglob("last.ckpt")):
            assert process.poll() is None and time.monotonic() < until
            time.sleep(0.1)
        send(process.pid, number)
        # Ends when nobody has the pipes any more: neither the first process, nor the second.
        _, errors = process.communicate(timeout=15)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 128 + number
    assert errors.endswith(f"hydra.run.dir={tmp_path}\n") and "Traceback" not in errors
    assert "interrupted; to continue: python train.py experiment=train_small_cnn" in errors

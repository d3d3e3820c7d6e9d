import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# A job of two processes, started by a sweep that gets a signal as soon as both are there.
JOB = """
import os, subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(20)"])
print("job", flush=True)
os.kill(os.getppid(), {signal})
time.sleep(20)
"""
SWEEP = """
import signal, sys
from pathlib import Path
from types import SimpleNamespace
from pipelines import job_process

job = SimpleNamespace(runtime=SimpleNamespace(output_dir="."), overrides=SimpleNamespace(task=[]))
job_process.HydraConfig = SimpleNamespace(get=lambda: job)
signal.signal(signal.{name}, signal.{before})
job_process.run_in_own_process(Path(sys.argv[1]))
"""


def sweep(job, number, before):
    code = SWEEP.format(name=number.name, before=before)
    # Ends when nobody has the pipe any more: neither the sweep, nor the job's processes.
    return subprocess.run(
        [sys.executable, "-c", code, job], cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=15
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_no_process_of_a_job_outlives_the_sweep(tmp_path, number):
    job = tmp_path / "job.py"
    job.write_text(JOB.format(signal=int(number)))
    done = sweep(job, number, "SIG_DFL")
    assert done.stdout == "job\n" and done.returncode == 128 + number


def test_a_signal_that_is_ignored_stays_so(tmp_path):
    job = tmp_path / "job.py"
    job.write_text(JOB.format(signal=int(signal.SIGHUP)).replace("20", "0.1"))
    done = sweep(job, signal.SIGHUP, "SIG_IGN")
    assert done.stdout == "job\n" and done.returncode == 0

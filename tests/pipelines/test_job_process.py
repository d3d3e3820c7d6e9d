import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# A job of two processes, which sends a signal to the sweep as soon as both are there.
JOB = """
import os, signal, subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(20)"])
print("job", flush=True)
os.kill(os.getppid(), {signal})
try:
    time.sleep({seconds})
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
SWEEP = """
import signal, sys
from pathlib import Path
from types import SimpleNamespace
from pipelines import job_process, launch

job = SimpleNamespace(runtime=SimpleNamespace(output_dir="."), overrides=SimpleNamespace(task=[]))
job_process.HydraConfig = SimpleNamespace(get=lambda: job)
launch.command(lambda: job_process.run_in_own_process(Path(sys.argv[1])))
"""


def sweep(tmp_path, number, seconds=20, ignored=()):
    def start():
        for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(n, signal.SIG_IGN if n in ignored else signal.SIG_DFL)

    job = tmp_path / "job.py"
    job.write_text(JOB.format(signal=int(number), seconds=seconds))
    # Ends when nobody has the pipe any more: neither the sweep, nor the job's processes.
    return subprocess.run(
        [sys.executable, "-c", SWEEP, job],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        timeout=15,
        preexec_fn=start,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_no_process_of_a_job_outlives_the_sweep(tmp_path, number):
    done = sweep(tmp_path, number)
    assert done.stdout == "job\n" and done.returncode == 128 + number


def test_ctrl_c_reaches_the_job(tmp_path):
    done = sweep(tmp_path, signal.SIGINT)
    assert done.stdout == "job\ninterrupted\n" and done.returncode == 130


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere they notice a second later")
def test_a_sweep_that_is_killed_takes_its_job_along(tmp_path):
    watched = "from pipelines.parent import end_with_parent\nend_with_parent()\n"
    job = JOB.replace("import os", f"{watched}import os", 1).replace("time.sleep(20)", "0")
    assert watched in job
    file = tmp_path / "job.py"
    file.write_text(job.format(signal=int(signal.SIGKILL), seconds=20))
    done = subprocess.run(
        [sys.executable, "-c", SWEEP, file],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        timeout=15,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == -signal.SIGKILL and done.stdout == "job\n"


def test_a_signal_that_is_ignored_stays_so(tmp_path):
    done = sweep(tmp_path, signal.SIGHUP, seconds=0.1, ignored=[signal.SIGHUP])
    assert done.stdout == "job\n" and done.returncode == 0

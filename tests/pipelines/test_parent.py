import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
# A command whose child says its number; both would go on for long.
COMMAND = """
import os, subprocess, sys, time
from pipelines import launch

CHILD = "import os, time; from pipelines.parent import end_with_parent; end_with_parent(); " \\
    "print(os.getpid(), flush=True); time.sleep(20)"

def main():
    subprocess.Popen([sys.executable, "-c", CHILD])
    time.sleep(20)

launch.command(main)
"""


def is_running(pid):
    try:
        # Those that ended and wait for somebody to notice do not count.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_children_die_with_a_command_that_is_killed():
    command = subprocess.Popen(
        [sys.executable, "-c", COMMAND], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    child = int(command.stdout.readline())
    assert is_running(child)
    command.kill()
    command.communicate()
    until = time.monotonic() + 5
    while is_running(child) and time.monotonic() < until:
        time.sleep(0.02)
    assert not is_running(child)


def test_a_child_of_a_command_that_is_gone_does_not_begin():
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    code = "from pipelines import parent as p; p.end_with_parent(); print('began')"
    mark = f"{os.uname().nodename}:{gone.pid}"
    environment = {**os.environ, "SCALEGMN_PARENT": mark}
    started = [sys.executable, "-c", code]
    done = subprocess.run(started, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout == ""
    # A cluster's job may outlive what submitted it.
    environment["SUBMITIT_EXECUTOR"] = "slurm"
    done = subprocess.run(started, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.stdout == "began\n"


def test_without_a_command_nothing_is_watched():
    code = "from pipelines.parent import end_with_parent; end_with_parent(); input()"
    done = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE)
    done.communicate(b"\n", timeout=10)
    assert done.returncode == 0 != signal.SIGKILL

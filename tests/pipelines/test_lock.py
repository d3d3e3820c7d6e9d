import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pipelines.lock import locked

ROOT = Path(__file__).parents[2]
HOLD = """
import sys
from pipelines.lock import locked
with locked(sys.argv[1]):
    print("held", flush=True)
    input()
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def test_a_second_process_is_told_who_is_in_the_folder(holder, tmp_path):
    since = json.loads((tmp_path / ".lock.json").read_text())["since"]
    expected = f"in use by process {holder.pid} on {socket.gethostname()} since {since}"
    with pytest.raises(BlockingIOError, match=expected) as error, locked(tmp_path):
        pass
    assert "\n" not in str(error.value) and str(tmp_path) in str(error.value)


def test_the_lock_of_a_process_that_was_killed_is_no_obstacle(holder, tmp_path):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (tmp_path / ".lock.json").exists()
    with locked(tmp_path):
        assert json.loads((tmp_path / ".lock.json").read_text())["pid"] == os.getpid()


def test_waiting_says_once_for_whom_and_goes_on(holder, tmp_path, caplog):
    caplog.set_level("INFO")
    timer = threading.Timer(0.3, holder.kill)
    timer.start()
    with locked(tmp_path, wait=True):
        assert timer.finished.is_set()
    (message,) = caplog.messages
    assert message.startswith(f"waiting for process {holder.pid} on ")


def test_nothing_is_left(tmp_path):
    with locked(tmp_path / "new"):
        assert sorted(f.name for f in (tmp_path / "new").iterdir()) == [".lock", ".lock.json"]
    assert list((tmp_path / "new").iterdir()) == []


def test_an_error_releases_it(tmp_path):
    with pytest.raises(KeyError), locked(tmp_path):
        raise KeyError
    with locked(tmp_path):
        pass


def test_what_holds_it_may_be_unreadable(holder, tmp_path):
    (tmp_path / ".lock.json").write_text("[1")
    with pytest.raises(BlockingIOError, match="in use by another process"), locked(tmp_path):
        pass

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines import launch
from pipelines.signals import current_ending, interrupted_by_signals

ROOT = Path(__file__).parents[2]
# A command that gets a signal while its main thread does something.
COMMAND = """
import ctypes, os, signal, sys, time
from pipelines import launch, signals

signals.GRACE_SECONDS = 0.5

def main():
    signals.current_ending().last_words = "interrupted; to continue: python train.py"
    print("ready", flush=True)
    {body}

launch.command(main)
"""
# Waits without coming back to Python, as collective operations do: for a lock that it holds.
HANGS = """libc = ctypes.CDLL(None)
    mutex = ctypes.create_string_buffer(64)
    libc.pthread_mutex_lock(mutex)
    libc.pthread_mutex_lock(mutex)"""
SWALLOWS = """try:
        time.sleep(20)
    except KeyboardInterrupt:
        sys.exit(0)"""
BODIES = {"sleeps": "time.sleep(20)", "hangs": HANGS, "swallows": SWALLOWS}


def reset():
    """Under nohup and in background jobs these are ignored, and children inherit that."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def ended(body, number, before=reset):
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND.format(body=body)],
        cwd=ROOT,
        preexec_fn=before,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    _, errors = process.communicate(timeout=10)
    return process.returncode, errors


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_command_with_its_code_and_one_line(number, body):
    code, errors = ended(BODIES[body], number)
    assert code == 128 + number
    assert errors == "interrupted; to continue: python train.py\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_that_is_ignored_stays_so(number):
    def nohup():
        signal.signal(number, signal.SIG_IGN)

    assert ended("time.sleep(0.2)", number, nohup) == (0, "")


def test_the_second_of_two_signals_changes_nothing():
    with interrupted_by_signals() as ending:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        assert ending.number == signal.SIGTERM and current_ending() is ending
    assert current_ending() is not ending


def test_a_forked_process_that_is_ended_does_not_end_the_command():
    with interrupted_by_signals() as ending:
        child = os.fork()
        if child == 0:
            os.kill(os.getpid(), signal.SIGTERM)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGTERM
        time.sleep(0.1)
        assert ending.number is None and not ending.is_waiting


def test_handlers_come_back():
    names = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in names]
    with interrupted_by_signals():
        pass
    assert [signal.getsignal(number) for number in names] == before


def test_what_lightning_makes_of_an_interrupt_is_one():
    def interrupted():
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            sys.exit(1)

    with pytest.raises(SystemExit) as stop:
        launch.command(interrupted)
    assert stop.value.code == 130

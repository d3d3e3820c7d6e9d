import os
import subprocess
import sys
from pathlib import Path

import pytest
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import OmegaConf

from pipelines import machine_share
from pipelines.machine_share import GPUS, cores, take_gpu, take_one, threads_of_job

ROOT = Path(__file__).parents[2]
ALONE = OmegaConf.create({"accelerator": "auto", "devices": 1})
# A job: takes one of several things, says which, and holds it until it is told to end.
JOB = """
import sys
from pathlib import Path
from pipelines.machine_share import take_one
print(take_one(["a", "b"], Path(sys.argv[1])), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def launched(monkeypatch):
    """This process as a job of a sweep, with a launcher."""

    def launched(mode=RunMode.MULTIRUN, **launcher):
        job = OmegaConf.create({"mode": mode, "launcher": launcher})
        monkeypatch.setattr(HydraConfig, "initialized", lambda: True)
        monkeypatch.setattr(HydraConfig, "get", lambda: job)

    monkeypatch.setattr(machine_share, "cores", lambda: 8)
    monkeypatch.setattr(machine_share, "_held", [])
    return launched


@pytest.mark.parametrize(
    ("n_jobs", "threads"), [(1, 8), (2, 4), (3, 2), (-1, 1), (-5, 2), (12, 1), (-20, 8)]
)
def test_jobs_of_joblib_share_the_cores(launched, n_jobs, threads):
    launched(_target_="hydra_plugins.x.JoblibLauncher", n_jobs=n_jobs)
    assert threads_of_job() == threads


def test_cores_are_those_of_this_process():
    assert 1 <= cores() <= os.cpu_count()


@pytest.mark.parametrize(("cpus", "threads"), [(None, 1), (3, 3)])
def test_jobs_that_all_start_at_once_get_what_was_asked_for(launched, cpus, threads):
    launched(_target_="hydra_plugins.x.LocalLauncher", cpus_per_task=cpus)
    assert threads_of_job() == threads


def test_others_have_a_machine_for_themselves(launched):
    assert threads_of_job() is None
    launched(_target_="hydra_plugins.x.SlurmLauncher", cpus_per_task=3)
    assert threads_of_job() is None
    launched(RunMode.RUN, _target_="hydra_plugins.x.JoblibLauncher", n_jobs=2)
    assert threads_of_job() is None


def test_no_two_processes_have_the_same_while_there_are_enough(tmp_path):
    command = [sys.executable, "-c", JOB, str(tmp_path / "locks")]

    def job():
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
        jobs.append(process)
        return process, process.stdout.readline().strip()

    jobs: list[subprocess.Popen[str]] = []
    try:
        first, name = job()
        assert {name, job()[1]} == {"a", "b"}
        # More jobs than things: each is shared by two.
        assert {job()[1], job()[1]} == {"a", "b"}
        first.kill()
        first.wait()
        assert job()[1] == name
    finally:
        for process in jobs:
            process.kill()
            process.communicate()


@pytest.mark.parametrize("given", [None, "4,7", "MIG-a/1,MIG-a/2"])
def test_a_job_sees_one_of_several_gpus(launched, monkeypatch, tmp_path, given):
    monkeypatch.setattr(machine_share, "_folder_of_locks", lambda: tmp_path / "locks")
    monkeypatch.setattr(machine_share, "_number_of_gpus", lambda: 2)
    monkeypatch.setenv(GPUS, given or "")
    if given is None:
        monkeypatch.delenv(GPUS)
    launched(_target_="hydra_plugins.x.JoblibLauncher", n_jobs=2)
    expected = given.split(",") if given else ["0", "1"]
    take_gpu(ALONE)
    assert os.environ[GPUS] == expected[0]
    take_gpu(ALONE)  # The next job of this process.
    assert os.environ[GPUS] == expected[0]
    assert take_one(expected, tmp_path / "locks") == expected[1]


@pytest.mark.parametrize(
    "trainer",
    [{"accelerator": "cpu", "devices": 1}, {"accelerator": "auto", "devices": [1]}, {"devices": 1}],
)
def test_a_job_that_chooses_its_devices_keeps_them(launched, monkeypatch, trainer):
    monkeypatch.setattr(machine_share, "_number_of_gpus", lambda: 2)
    monkeypatch.setenv(GPUS, "0,1")
    launched(_target_="hydra_plugins.x.JoblibLauncher", n_jobs=2)
    take_gpu(OmegaConf.create(trainer))
    assert os.environ[GPUS] == "0,1"


@pytest.mark.parametrize("number", [0, 1])
def test_where_there_are_not_several_nothing_is_changed(launched, monkeypatch, number):
    monkeypatch.setattr(machine_share, "_number_of_gpus", lambda: number)
    monkeypatch.delenv(GPUS, raising=False)
    launched(_target_="hydra_plugins.x.JoblibLauncher", n_jobs=2)
    take_gpu(ALONE)
    assert GPUS not in os.environ

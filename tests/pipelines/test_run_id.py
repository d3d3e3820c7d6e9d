import re

import pytest
from omegaconf import OmegaConf

from pipelines import launch
from pipelines.run_id import new_run_id, run_id


def test_two_commands_of_one_second_have_two_names():
    names = {new_run_id() for _ in range(50)}
    assert len(names) == 50
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_[0-9a-f]{6}", name) for name in names)


def test_a_command_has_one_name_and_the_next_command_another():
    names = []
    for _ in range(2):
        launch.command(lambda: names.append({run_id(), run_id()}))
    assert [len(n) for n in names] == [1, 1] and names[0] != names[1]


def test_a_config_that_was_composed_has_one():
    cfg = OmegaConf.create({"a": "${run_id:}", "b": "${a}"})
    assert cfg.a == cfg.b == cfg.a


def test_processes_that_srun_started_share_one(monkeypatch):
    for name, value in {"JOB_ID": "77", "STEP_ID": "3", "STEP_NUM_TASKS": "4"}.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    assert new_run_id() == new_run_id() == "slurm-77-3"


def test_processes_that_torchrun_started_share_one(monkeypatch):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    assert new_run_id() == new_run_id() and new_run_id().startswith("torchrun-")
    monkeypatch.setenv("GROUP_WORLD_SIZE", "2")
    with pytest.raises(ValueError, match="give hydra.run.dir=FOLDER, or torchrun --rdzv-id=NAME"):
        new_run_id()
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "mine")
    assert new_run_id() == "torchrun-mine"

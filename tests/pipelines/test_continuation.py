import shlex
import sys
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from pipelines.continuation import command_that_continues, shown, sweep_that_continues


@pytest.mark.parametrize(
    "folder",
    ["/tmp/a", "/tmp/with space", "/tmp/it's", "/tmp/a=b,c", "/tmp/$HOME {x}", "/tmp/a\\b", "/é"],
)
def test_a_shell_and_hydra_read_the_folder_that_is_meant(folder, monkeypatch):
    overrides = ["experiment=quickstart", "sparsity=[0.5,0.9]", "hydra.run.dir=old"]
    monkeypatch.setattr(sys, "argv", ["train.py", *overrides])
    words = shlex.split(command_that_continues(Path(folder)))
    assert words[:4] == ["python", "train.py", *overrides[:2]] and len(words) == 5
    (override,) = OverridesParser.create().parse_overrides(words[4:])
    assert override.key_or_group == "hydra.run.dir" and override.value() == folder


def test_processes_that_were_launched_from_outside_are_launched_so_again(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["train.py", "seed=1"])
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    assert command_that_continues(Path("/a")) == "the same command with hydra.run.dir=/a"


def test_a_sweep_continues_with_the_same_command(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["train.py", "-m", "sparsity=[0.5],[0.9]"])
    assert sweep_that_continues() == "python train.py -m 'sparsity=[0.5],[0.9]'"
    monkeypatch.setattr(sys, "argv", ["train.py", "seed=1"])
    assert sweep_that_continues() is None


def test_folders_are_shown_from_here(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert shown(tmp_path / "a" / "b") == Path("a/b") and shown(Path("/x")) == Path("/x")

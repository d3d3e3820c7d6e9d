"""Every command of README and docs composes: its experiment, groups and keys exist."""

import re
import shlex
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

import pipelines  # noqa: F401  Configs call its resolvers.
from pipelines.config_check import check_types

ROOT = Path(__file__).parents[2]
# Pages on extending add files first; their own tests run them.
PAGES = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "docs/guide").glob("*.md")]
COMMAND = re.compile(r"(?:^|`|srun )python train\.py ([^`\n]*)", re.M)


def commands():
    for page in sorted(PAGES):
        for arguments in COMMAND.findall(page.read_text(encoding="utf-8")):
            if "--" not in arguments and "experiment=" in arguments:
                yield pytest.param(arguments, id=f"{page.stem}: {arguments}"[:100])


def first_of_a_sweep(override):
    key, _, value = override.partition("=")
    if interval := re.search(r"interval\(([^,]+),", value):
        return f"{key}={interval[1]}"
    return f"{key}={value if value.startswith(('[', '{')) else value.partition(',')[0]}"


@pytest.mark.parametrize("arguments", list(commands()))
def test_a_command_composes(arguments, monkeypatch):
    monkeypatch.setenv("SLURM_NTASKS_PER_NODE", "1")
    monkeypatch.setenv("SLURM_NNODES", "1")
    overrides = [a for a in shlex.split(arguments) if a != "-m" and not a.startswith("hydra")]
    overrides = [first_of_a_sweep(override) for override in overrides]
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        cfg = compose("train", overrides=[*overrides, "paths.run_dir=run"])
    cfg.config_hash = "-"  # Filled in by a run.
    check_types(cfg)

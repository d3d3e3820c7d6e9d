"""The examples of docs/callbacks.md run as they stand."""

import re
from pathlib import Path

import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

import callbacks

PAGE = (Path(__file__).parents[2] / "docs" / "callbacks.md").read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.filterwarnings("ignore:The number of training batches")
def test_the_examples_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in blocks("python"):
        exec(compile(block, "docs/callbacks.md", "exec"), names)
    assert (tmp_path / "metrics.csv").exists() and list(tmp_path.rglob("events.out.*"))


@pytest.mark.parametrize("block", blocks("yaml"))
def test_the_configs_make_callbacks(block, tmp_path):
    common = {"paths": {"run_dir": str(tmp_path)}, "name": "a run"}
    config = OmegaConf.create({**common, "callbacks": OmegaConf.create(block)})
    made = instantiate(config.callbacks, _convert_="all")
    assert all(type(c).__name__ in callbacks.__all__ for c in made.values())


def test_every_callback_is_shown_and_switched_on():
    python, yaml = "".join(blocks("python")), "".join(blocks("yaml"))
    for name in callbacks.__all__:
        assert f"{name}(" in python and f"callbacks.{name}\n" in yaml
        assert f"**{name}**" in PAGE

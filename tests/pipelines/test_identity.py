from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir

from pipelines.identity import config_hash
from scalegmn.formats import save_network

CONF = Path(__file__).parents[2] / "conf"


def identity(*overrides, networks=None):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("train", overrides=["paths.run_dir=/a", *overrides])
    if "images" in cfg:
        cfg.images = {"name": "digits", "channels": 1, "size": 32, "classes": 10}
    return config_hash(cfg, networks)


def test_paths_devices_and_loggers_do_not_count():
    expected = identity()
    for override in (
        *("paths.run_dir=/b", "paths.data_dir=/c", "logger=none", "trainer=ddp_cpu"),
        *("trainer.devices=4", "num_threads=1", "ckpt_path=/d.ckpt"),
    ):
        assert identity(override) == expected, override


@pytest.mark.parametrize("override", ["seed=1", "sparsity=0.3", "optimizer.lr=0.5"])
def test_everything_else_does(override):
    assert identity(override) != identity()


def test_a_network_counts_with_its_tensors(tmp_path):
    state = {"a": torch.zeros(2)}
    save_network(tmp_path / "a.safetensors", state, {"seed": "1", "date": "x", "b": "c"})
    torch.save(state, tmp_path / "b.pt")
    save_network(tmp_path / "c.safetensors", {"a": torch.ones(2)}, {"seed": "1"})
    a, b, c = (
        identity("experiment=baseline_magnitude", f"target.weights={tmp_path / name}")
        for name in ("a.safetensors", "b.pt", "c.safetensors")
    )
    assert a == b != c


def test_a_hash_that_is_known_is_taken(tmp_path):
    torch.save({"a": torch.zeros(1)}, tmp_path / "a.pt")
    override = f"target.weights={tmp_path / 'a.pt'}"
    one, other = (identity(override, networks={"target.weights": x}) for x in ("x", "y"))
    assert one != other

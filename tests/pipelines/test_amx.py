"""What runs choose on a CPU with AMX, which the machine of the tests need not have."""

from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir

from pipelines.amx import amx_precision, computes_on_amx
from pipelines.protocol import protocol

CONF = Path(__file__).parents[2] / "conf"


@pytest.fixture(params=[True, False], ids=["amx", "no amx"])
def amx(request, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: request.param)
    return request.param


def composed(*overrides):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("train", overrides=[*overrides, "paths.run_dir=run"])


@pytest.mark.parametrize(
    "overrides",
    [
        ["experiment=train_vgg19"],
        ["experiment=eq_prune_vgg19"],
        ["experiment=baseline_magnitude", "target=vgg11", "trainer=ddp_cpu"],
    ],
)
def test_vggs_use_it_where_it_is(overrides, amx):
    cfg = composed(*overrides)
    assert cfg.trainer.precision == ("bf16-mixed" if amx else "32-true")
    assert cfg.channels_last is amx
    assert protocol(cfg)["trainer.precision"] == cfg.trainer.precision
    assert cfg.optimizer.get("fused") in (None, not amx)


def test_what_is_given_counts(amx):
    cfg = composed("experiment=train_vgg19", "trainer.precision=32-true", "channels_last=false")
    assert cfg.trainer.precision == "32-true" and cfg.channels_last is False


@pytest.mark.parametrize("experiment", ["train_small_cnn", "quickstart", "predict_small_cnn"])
def test_other_runs_never_do(experiment, amx):
    cfg = composed(f"experiment={experiment}")
    assert cfg.trainer.precision == "32-true" and cfg.channels_last is False


def test_a_gpu_comes_first(monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert not computes_on_amx() and amx_precision() == "32-true"

import re

import pytest
from omegaconf import OmegaConf

from pipelines.number_check import check_numbers


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"architecture": {"d": 0}}, "architecture.d must be above 0, got 0"),
        ({"finetune": {"lr": [0.1, -0.5]}}, "finetune.lr must be above 0, got -0.5"),
        ({"a": [{"patience": -1}]}, "a[0].patience must be above 0, got -1"),
        ({"lr": float("nan")}, "lr must be above 0, got nan"),
    ],
)
def test_numbers_that_must_be_above_zero(config, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check_numbers(OmegaConf.create(config))


@pytest.mark.parametrize(
    "config",
    [
        {"d": 1, "lr": 1e-9, "dropout": 0.0, "momentum": 0},
        {"patience": None, "lr": "${a.lr}", "a": {"lr": [1e-3]}, "d": True},
        {"data": {"train_runs": None, "seed": 0}},
    ],
)
def test_others_may_be_anything(config):
    check_numbers(OmegaConf.create(config))

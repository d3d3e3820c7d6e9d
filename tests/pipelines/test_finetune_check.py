import re

import pytest
from omegaconf import OmegaConf

from pipelines.finetune_check import check_finetune

USUAL = {"lr": [1e-2, 1e-3], "max_epochs": 100, "patience": 10}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"engine": "fast"}, "finetune.engine=fast: expected one of lightning, stacked, auto"),
        ({"lr": None}, "finetune.lr must be a number above 0, got None"),
        ({"lr": "abc"}, "finetune.lr must be a number above 0, got 'abc'"),
        ({"lr": [1e-2, None]}, "finetune.lr must be a number above 0, got None"),
        ({"lr": float("inf")}, "finetune.lr must be a number above 0, got inf"),
        ({"lr": [1e-2, 0.01]}, "finetune.lr=[0.01, 0.01]: two of them would have the folder"),
        ({"max_epochs": -1}, "finetune.max_epochs must be a whole number, at least 0, got -1"),
        ({"max_epochs": None}, "finetune.max_epochs must be a whole number, at least 0, got None"),
        ({"patience": 2.5}, "finetune.patience must be a whole number, at least 1, got 2.5"),
        ({"patience": None}, "finetune.patience must be a whole number, at least 1, got None"),
    ],
)
def test_settings_that_could_not_run_or_end_are_refused(setting, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        check_finetune(OmegaConf.create({"finetune": USUAL | setting}))


@pytest.mark.parametrize("setting", [{}, {"lr": 1e-3}, {"lr": 1}, {"max_epochs": 0}])
def test_usual_settings_pass(setting):
    check_finetune(OmegaConf.create({"finetune": USUAL | setting}))

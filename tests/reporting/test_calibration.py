"""Errors of predictions at each sparsity."""

import pandas as pd
import pytest
import torch

from reporting.calibration import calibration_table, write_calibration
from scalegmn.predictor import Predictions

# Not pruned; 10 % and 50 % in float32; 90 %, of which one is good.
LABEL = torch.tensor([0.5, 0.3, 0.45, 0.40, 0.1, 0.45])
PREDICTED = LABEL + torch.tensor([0.0, 0.1, -0.1, 0.2, 0.3, 0.1])
SPARSITY = torch.tensor([0.0, 0.0, 0.1, 0.5, 0.9, 0.9])
PREDICTIONS = Predictions(PREDICTED, LABEL, SPARSITY)


def test_each_band_has_its_errors():
    table = calibration_table(PREDICTIONS, good=0.4).set_index("sparsity")
    assert list(table.index) == ["0", "0.1", "0.5", "0.9", "all"]
    assert list(table["networks"]) == [2, 1, 1, 2, 6]
    assert list(table["good_networks"]) == [1, 1, 1, 1, 4]
    assert table.loc["0", "mae"] == pytest.approx(0.05)
    assert table.loc["0.1", "mae"] == pytest.approx(0.1)
    assert table.loc["0.9", "bias"] == pytest.approx(0.2)
    assert table.loc["all", "bias"] == pytest.approx(0.1)
    assert table.loc["all", "mae"] == pytest.approx(0.8 / 6)
    assert table.loc["all", "good_mae"] == pytest.approx(0.1)
    assert table.loc["0.9", "kendall_tau"] == 1


def test_unknown_sparsities_count_in_all_alone():
    sparsity = SPARSITY.clone()
    sparsity[0] = torch.nan
    table = calibration_table(Predictions(PREDICTED, LABEL, sparsity), 0.4).set_index("sparsity")
    assert table.loc["0", "networks"] == 1 and table.loc["all", "networks"] == 6


def test_the_file_holds_the_table(tmp_path):
    file = tmp_path / "calibration.csv"
    write_calibration(file, PREDICTIONS, 0.4)
    read = pd.read_csv(file, dtype={"sparsity": str})
    pd.testing.assert_frame_equal(read, calibration_table(PREDICTIONS, 0.4), rtol=1e-5)

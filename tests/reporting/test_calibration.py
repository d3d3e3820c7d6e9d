"""Errors of predictions at each sparsity."""

import pandas as pd
import pytest
import torch

from reporting.calibration import calibration_table, mean_errors, write_calibration
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


def test_errors_are_means_over_runs_that_all_have_them(tmp_path):
    folders = [tmp_path / name for name in "ab"]
    for k, folder in enumerate(folders):
        folder.mkdir()
        moved = Predictions(PREDICTED + 0.1 * k, LABEL, SPARSITY)
        write_calibration(folder / "calibration.csv", moved, 0.4)
    found = mean_errors(folders)
    assert list(found) == ["0 %", "0-10 %", "40-50 %", "80-90 %"]
    assert found["40-50 %"].mean == pytest.approx(0.25) and found["40-50 %"].n == 2
    assert mean_errors([*folders, tmp_path]) == mean_errors([None]) == {}


def test_a_zoo_that_is_not_pruned_has_no_bands(tmp_path):
    whole = Predictions(PREDICTED, LABEL, torch.zeros(6))
    write_calibration(tmp_path / "calibration.csv", whole, 0.4)
    assert mean_errors([tmp_path]) == {}

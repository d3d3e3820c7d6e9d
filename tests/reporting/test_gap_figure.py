from dataclasses import replace

import pytest

from reporting import Guidance, PrunedRow, Results
from reporting.gap_figure import gap_figure, read_trajectory

ROW = PrunedRow(
    sparsity=0.6, test_acc=0.5, val_acc=0.55, predicted_acc=0.9, val_acc_before_finetune=0.4
)
RESULTS = Results(
    experiment="e",
    seed=0,
    method="scalegmn_inv",
    target="t",
    dataset="d",
    pruned=(ROW, replace(ROW, sparsity=0.8), PrunedRow(sparsity=0.8, test_acc=0.3, method="l1")),
    guidance=Guidance(guard="none", predictor="StatNN", learnt_from="a zoo", test_labels=True),
)


def test_candidates_are_points_and_the_way_is_a_line(tmp_path):
    (tmp_path / "metrics.csv").write_text(
        "epoch,sparsity,val/predicted,val/accuracy\n0,0.1,0.6,0.5\n1,0.3,0.8,\n2,0.7,0.9,0.25\n"
    )
    way = read_trajectory(tmp_path / "metrics.csv")
    assert way == [(0.1, 0.6, 0.5), (0.7, 0.9, 0.25)]
    (axes,) = gap_figure(RESULTS, [way]).axes
    found = [list(zip(*line.get_data(), strict=True)) for line in axes.lines]
    expected = [
        *([(10, 60), (70, 90)], [(10, 50), (70, 25)]),
        *([(s, 100 * value) for s in (60, 80)] for value in (0.9, 0.4, 0.55)),
    ]
    for ours, theirs in zip(found, expected, strict=True):
        assert [pytest.approx(point) for point in theirs] == [tuple(map(float, p)) for p in ours]
    assert "guard none: StatNN, which learnt test accuracies" in axes.get_title()


def test_without_a_prediction_there_is_no_figure(tmp_path):
    assert gap_figure(replace(RESULTS, pruned=RESULTS.pruned[2:])) is None
    assert read_trajectory(tmp_path / "metrics.csv") == []


def test_a_run_may_have_no_way_and_no_accuracy_after_fine_tuning():
    rows = (replace(ROW, val_acc=None),)
    (axes,) = gap_figure(replace(RESULTS, pruned=rows, guidance=None)).axes
    assert axes.get_title() == "scalegmn_inv"

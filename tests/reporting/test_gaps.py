from dataclasses import replace

import pytest

from reporting import Guidance, PrunedRow, Results, Run
from reporting.gaps import gaps_grid
from reporting.gaps_figure import plot_gaps
from reporting.networks import tabulate
from reporting.networks_text import to_markdown

ROW = PrunedRow(
    **{"sparsity": 0.8, "test_acc": 0.5, "val_acc": 0.55},
    **{"predicted_acc": 0.9, "val_acc_before_finetune": 0.4},
)
FIRST = Results(
    experiment="e",
    seed=0,
    method="scalegmn_inv",
    target="t",
    dataset="d",
    pruned=(ROW, replace(ROW, sparsity=0.6, predicted_acc=0.8)),
    guidance=Guidance(guard="none", predictor="f", learnt_from="a zoo", test_labels=False),
)
SECOND = replace(FIRST, seed=1, pruned=(replace(ROW, predicted_acc=0.7),))
OTHER = replace(FIRST, method="l1", guidance=None, pruned=(PrunedRow(sparsity=0.8, test_acc=0.3),))


def table_of(*results):
    runs = [Run(r, f"run_{i}") for i, r in enumerate(results)]
    return tabulate(runs)


def test_gaps_are_means_over_pairs():
    table = table_of(FIRST, SECOND, OTHER)
    (section,) = table
    grid = gaps_grid(section, mark_shipped=False)
    assert grid.columns == (
        *("method", "sparsity", "n", "promised", "actual", "actual, fine-tuned", "gap"),
    )
    assert [[cell.text for cell in row] for row in grid.rows] == [
        ["scalegmn_inv", "60 %", "1", "80.00", "40.00", "55.00", "+40.00"],
        [
            *("scalegmn_inv", "80 %", "2", "80.00 ± 14.14", "40.00 ± 0.00", "55.00 ± 0.00"),
            "+40.00 ± 14.14",
        ],
    ]
    assert "### Promised and actual" in to_markdown(table)


def test_a_panel_has_what_was_promised_and_what_was_true():
    (axes,) = plot_gaps(table_of(FIRST, SECOND)).axes
    heights = [[float(y) for y in bars.lines[0].get_ydata()] for bars in axes.containers]
    assert heights == [pytest.approx(expected) for expected in ([80, 80], [40, 40], [55, 55])]


def test_panels_without_a_method_are_hidden_and_shipped_rows_apart():
    methods = [replace(FIRST, method=f"scalegmn_inv_{i}") for i in range(3)]
    runs = [Run(r, r.method) for r in methods]
    table = tabulate([*runs, replace(runs[0], shipped=True)])
    axes = plot_gaps(table).axes
    assert [a.axison for a in axes] == [True] * 4 + [False] * 2
    names = [row[0].text for row in gaps_grid(table[0], mark_shipped=True).rows]
    assert names.count("scalegmn_inv_0 §") == names.count("scalegmn_inv_0") == 2


def test_rows_without_a_promise_do_not_count():
    other = replace(FIRST, seed=1, pruned=(replace(ROW, predicted_acc=None, val_acc=0.1),))
    (section,) = table_of(FIRST, other)
    last = gaps_grid(section, mark_shipped=False).rows[-1]
    assert [cell.text for cell in last] == [
        *("scalegmn_inv", "80 %", "1", "90.00", "40.00", "55.00", "+50.00"),
    ]


def test_without_a_prediction_there_is_nothing_to_show():
    table = table_of(OTHER)
    assert plot_gaps(table) is None and gaps_grid(table[0], mark_shipped=False) is None
    assert "Promised" not in to_markdown(table)

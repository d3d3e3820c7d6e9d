from dataclasses import replace
from io import StringIO

from rich.console import Console

from reporting import DenseRow, PrunedRow, Results
from reporting.summary_table import summary_table


def shown(results):
    console = Console(width=80, record=True, file=StringIO())
    console.print(summary_table(results))
    return console.export_text()


def test_it_fits_into_80_columns(run):
    row = PrunedRow(
        sparsity=0.95,
        parameter_sparsity=0.9401,
        test_acc=0.6789,
        nonzero=1_234_567,
        test_acc_before_finetune=0.1,
        val_acc=0.68,
        finetune_lr=1e-4,
        finetune_lr_at_edge=True,
        method="scalegmn_eq",
    )
    dense = DenseRow(test_acc=0.7, parameters=20_000_000, saw_validation=True)
    text = shown(replace(run(), dense=dense, pruned=(row,)))
    assert "…" not in text
    for cell in ("scalegmn_eq", "95 %", "94.01 %", "1,234,567", "67.89 %", "0.0001*", "dense †"):
        assert cell in text
    assert "* the lowest or highest rate of the grid" in text
    assert "† was trained on validation images" in text


def test_marks_that_are_not_there_are_not_explained(run):
    text = shown(run())
    assert "magnitude" in text and "*" not in text and "†" not in text


def test_a_run_without_networks_has_its_metrics():
    metrics = {"kendall_tau": 0.91234, "parameters": 21505}
    text = shown(Results(experiment="e", seed=0, predictor="MLP", dataset="zoo", metrics=metrics))
    assert "MLP on zoo" in text and "0.9123" in text and "21,505" in text

"""Results of one run as a table in the terminal."""

from rich.box import SIMPLE_HEAD
from rich.table import Table

from reporting.rows import PrunedRow
from reporting.schema import Results
from reporting.text import EDGE, SAW_VALIDATION

COLUMNS = (
    *("method", "sparsity", "zeros:\nall", "nonzero"),
    *("test", "before\ntuning", "val", "rate"),
)


def summary_table(results: Results) -> Table:
    """One line per pruned network and the dense network last; without networks, the metrics."""
    if not results.pruned and results.dense is None:
        return _metrics_table(results)
    title = f"{results.experiment}: {results.target} on {results.dataset}"
    # Without vertical lines it fits into 80 columns.
    table = Table(title=title, box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.collapse_padding = True
    for column in COLUMNS:
        table.add_column(column, justify="left" if column == "method" else "right")
    for row in results.pruned:
        table.add_row(*_cells(results, row))
    marks = []
    if any(row.finetune_lr_at_edge for row in results.pruned):
        marks.append(f"{EDGE} the lowest or highest rate of the grid")
    if results.dense is not None:
        dense = results.dense
        count = "" if dense.parameters is None else f"{dense.parameters:,}"
        name = f"dense {SAW_VALIDATION}" if dense.saw_validation else "dense"
        accuracies = (_percent(dense.test_acc), "", _percent(dense.val_acc))
        table.add_section()
        table.add_row(name, "0 %", "", count, *accuracies, "", style="bold")
        if dense.saw_validation:
            marks.append(f"{SAW_VALIDATION} was trained on validation images")
    table.caption = "\n".join(marks) or None
    return table


def _cells(results: Results, row: PrunedRow) -> list[str]:
    rate = "" if row.finetune_lr is None else f"{row.finetune_lr:g}"
    return [
        row.method or results.method or "",
        f"{100 * row.sparsity:g} %",
        _percent(row.parameter_sparsity),
        "" if row.nonzero is None else f"{row.nonzero:,}",
        _percent(row.test_acc),
        _percent(row.test_acc_before_finetune),
        _percent(row.val_acc),
        rate + EDGE * bool(row.finetune_lr_at_edge),
    ]


def _metrics_table(results: Results) -> Table:
    about = f"{results.predictor} on" if results.predictor else "networks trained on"
    title = f"{results.experiment}: {about} {results.dataset}"
    table = Table(title=title, show_header=False)
    for name, value in results.metrics.items():
        table.add_row(name, f"{value:.4f}" if isinstance(value, float) else f"{value:,}")
    return table


def _percent(fraction: float | None) -> str:
    return "" if fraction is None else f"{100 * fraction:.2f} %"

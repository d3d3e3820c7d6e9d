"""A run's results for the eyes."""

from rich.table import Table

from reporting import Results


def summary_table(results: Results) -> Table:
    """One line per pruned network, and the dense network last; of others, their metrics."""
    if not results.pruned and results.dense is None:
        return _metrics_table(results)
    table = Table(title=f"{results.experiment}: {results.target} on {results.dataset}")
    for column in ("method", "sparsity", "nonzero", "test", "before fine-tuning", "val", "lr"):
        table.add_column(column, justify="left" if column == "method" else "right")
    for row in results.pruned:
        table.add_row(
            row.method or results.method or "",
            f"{100 * row.sparsity:g} %",
            "" if row.nonzero is None else f"{row.nonzero:,}",
            _percent(row.test_acc),
            _percent(row.test_acc_before_finetune),
            _percent(row.val_acc),
            "" if row.finetune_lr is None else f"{row.finetune_lr:g}",
        )
    if results.dense is not None:
        dense = results.dense
        count = "" if dense.parameters is None else f"{dense.parameters:,}"
        name = "dense †" if dense.saw_validation else "dense"
        val = _percent(dense.val_acc)
        table.add_section()
        table.add_row(name, "0 %", count, _percent(dense.test_acc), "", val, "", style="bold")
        if dense.saw_validation:
            table.caption = "† was trained on validation images"
    return table


def _metrics_table(results: Results) -> Table:
    about = f"{results.predictor} on" if results.predictor else "networks trained on"
    title = f"{results.experiment}: {about} {results.dataset}"
    table = Table(title=title, show_header=False)
    for name, value in results.metrics.items():
        table.add_row(name, f"{value:.4f}" if isinstance(value, float) else f"{value:,}")
    return table


def _percent(fraction: float | None) -> str:
    return "" if fraction is None else f"{100 * fraction:.2f} %"

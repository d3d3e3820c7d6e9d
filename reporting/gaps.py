"""What predictors promised for pruned networks and what was true, over pairs."""

from collections.abc import Callable

from reporting.grid import Grid
from reporting.mean_sd import MeanSd
from reporting.networks import Row, Section
from reporting.rows import PrunedRow

Value = Callable[[PrunedRow], float | None]
VALUES: dict[str, Value] = {
    "promised": lambda row: row.predicted_acc,
    "actual": lambda row: row.val_acc_before_finetune,
    "actual, fine-tuned": lambda row: row.val_acc,
}


def followed(section: Section) -> dict[str, list[Row]]:
    """Rows of methods that follow a predictor, by name, the sparsest last."""
    found: dict[str, list[Row]] = {}
    for row in sorted(section.rows, key=lambda row: row.sparsity):
        if any(record.row.gap is not None for record in row.records):
            found.setdefault(row.name, []).append(row)
    return dict(sorted(found.items()))


def gaps_grid(section: Section) -> Grid | None:
    """Promised and actual validation accuracies; ``None`` if nothing follows a predictor."""
    lines = [_line(row) for rows in followed(section).values() for row in rows]
    return Grid.of(lines) if lines else None


def _line(row: Row) -> dict[str, str]:
    shown = {name: mean_of(row, value) for name, value in VALUES.items()}
    gap = mean_of(row, lambda pruned: pruned.gap)
    return {
        "method": row.name,
        "sparsity": f"{100 * row.sparsity:.4g} %",
        "n": str(row.test_acc.n),
        **{name: mean.show() if mean else "" for name, mean in shown.items()},
        "gap": gap.show("+.2f") if gap else "",
    }


def mean_of(row: Row, value: Value) -> MeanSd | None:
    """Over the networks of a row, of what is known of them."""
    return MeanSd.of(value(record.row) for record in row.records)

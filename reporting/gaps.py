"""What predictors promised for pruned networks and what was true, over pairs."""

from collections.abc import Callable
from dataclasses import replace

from reporting.grid import Grid
from reporting.mean_sd import MeanSd
from reporting.networks import Row, Section
from reporting.overview import Line, lines_of
from reporting.rows import PrunedRow
from reporting.text import SHIPPED, section_marks

Value = Callable[[PrunedRow], float | None]
VALUES: dict[str, Value] = {
    "promised": lambda row: row.predicted_acc,
    "actual": lambda row: row.val_acc_before_finetune,
    "actual, fine-tuned": lambda row: row.val_acc,
}


def followed(section: Section) -> list[Line]:
    """The lines of methods that follow a predictor, with the rows that have a gap."""
    found = []
    for line in lines_of(section):
        rows = tuple(row for row in line.rows if gap_of(row))
        if rows:
            found.append(replace(line, rows=rows))
    return found


def gaps_grid(section: Section, *, mark_shipped: bool) -> Grid | None:
    """Promised and actual validation accuracies; ``None`` if nothing follows a predictor."""
    marks = section_marks(section)
    lines = []
    for line in followed(section):
        name = line.name + marks + f" {SHIPPED}" * (line.shipped and mark_shipped)
        lines += [{"method": name, **_shown(row)} for row in line.rows]
    return Grid.of(lines) if lines else None


def mean_of(row: Row, value: Value) -> MeanSd | None:
    """Over the networks of a row for which something was promised."""
    return MeanSd.of(value(r.row) for r in row.records if r.row.gap is not None)


def gap_of(row: Row) -> MeanSd | None:
    """What was promised less what was true before fine-tuning."""
    return mean_of(row, lambda pruned: pruned.gap)


def _shown(row: Row) -> dict[str, str]:
    gap, values = gap_of(row), {name: mean_of(row, value) for name, value in VALUES.items()}
    return {
        "sparsity": f"{100 * row.sparsity:.4g} %",
        "n": str(gap.n if gap else 0),
        **{name: mean.show() if mean else "" for name, mean in values.items()},
        "gap": gap.show("+.2f") if gap else "",
    }

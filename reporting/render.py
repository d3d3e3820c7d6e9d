"""The table as text."""

import csv
from io import StringIO

from reporting.table import Group, Row, Spread, Table

SAW_VALIDATION = "†"
DATA_NOTE = "‡"
CAPTION = (
    "Test accuracies in percent: mean ± sample standard deviation over n seeds (dense: over n "
    "networks). Of several runs of one seed, that with the lowest validation loss counts."
)
HEAD = "| method | sparsity | test accuracy | before fine-tuning | n |"
COLUMNS = [
    *("target", "dataset", "data_note", "saw_validation", "setting"),
    *("method", "sparsity", "n"),
    *("test_acc", "test_acc_sd", "before_finetune", "before_finetune_sd"),
    *("weight_sparsity", "parameter_sparsity"),
]


def to_markdown(table: Table) -> str:
    """One section per group; accuracies in percent, mean ± standard deviation over ``n`` seeds."""
    return "\n".join(["# Results", "", CAPTION, *map(_section, table.items())]) + "\n"


def to_csv(table: Table) -> str:
    """One line per row; accuracies and sparsities are fractions."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for group, rows in table.items():
        for row in rows:
            writer.writerow([*vars(group).values(), row.method, row.sparsity, *_numbers(row)])
    return text.getvalue()


def title(group: Group) -> str:
    """The name of a group, with its marks."""
    setting = f", {group.setting}" if group.setting else ""
    return f"{group.target} on {group.dataset}{setting}{_marks(group)}"


def _section(item: tuple[Group, list[Row]]) -> str:
    group, rows = item
    lines = ["", f"## {title(group)}", "", HEAD, "|" + " --- |" * HEAD.count(" | ") + " --- |"]
    if rows[0].method != "dense":
        lines.append("| dense | 0 % | not measured | | 0 |")
    lines += [_line(row, _marks(group)) for row in rows]
    if group.saw_validation:
        lines += ["", f"{SAW_VALIDATION} The dense network was trained on validation images."]
    if group.data_note:
        lines += ["", f"{DATA_NOTE} Images: {group.data_note}."]
    return "\n".join(lines)


def _line(row: Row, marks: str) -> str:
    cells = [row.method + marks, f"{100 * row.sparsity:.4g} %", _percent(row.test_acc)]
    return f"| {' | '.join(cells)} | {_percent(row.before_finetune)} | {row.test_acc.n} |"


def _marks(group: Group) -> str:
    marks = SAW_VALIDATION * group.saw_validation + DATA_NOTE * bool(group.data_note)
    return f" {marks}" if marks else ""


def _percent(spread: Spread | None) -> str:
    if spread is None:
        return ""
    deviation = "" if spread.sd is None else f" ± {100 * spread.sd:.2f}"
    return f"{100 * spread.mean:.2f}{deviation}"


def _numbers(row: Row) -> list[int | float | None]:
    accuracies = [n for spread in (row.test_acc, row.before_finetune) for n in _mean_sd(spread)]
    sparsities = [_mean_sd(spread)[0] for spread in (row.weight_sparsity, row.parameter_sparsity)]
    return [row.test_acc.n, *accuracies, *sparsities]


def _mean_sd(spread: Spread | None) -> tuple[float | None, float | None]:
    return (None, None) if spread is None else (spread.mean, spread.sd)

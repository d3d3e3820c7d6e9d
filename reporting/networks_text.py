"""Table of pruned networks as text."""

import pandas as pd

from reporting.differences import TOO_SMALL, Difference, differences, has_enough_pairs
from reporting.mean_sd import MeanSd, columns
from reporting.networks import Row, Section, Table
from reporting.records import FINETUNED_DENSE
from reporting.text import (
    DATA_NOTE,
    EDGE,
    SAW_VALIDATION,
    SHIPPED,
    markdown_table,
    shipped_note,
    show_settings,
    without_empty,
)

CAPTION = (
    "Test accuracies in percent: mean ± sample standard deviation over n pairs of a dense network "
    "and a seed (dense: over n networks). Sparsity is the fraction of prunable parameters that was "
    "asked for; zeros are counted in the saved networks, among weights and among all parameters. "
    "Rate is the learning rate of fine-tuning with the lowest validation loss, and of how many; "
    f"{EDGE} marks the lowest or highest of a grid. Epochs are those over the images before "
    "fine-tuning."
)

PAIRED = (
    "Test accuracies in percentage points, over the pairs of a dense network and a seed that both "
    "rows have; 95 % confidence intervals of the mean by Student's t, one by one."
)


def caption(table: Table) -> str:
    """Explain the columns of the table and the results that it has."""
    return f"{CAPTION} {shipped_note(row.shipped for section in table for row in section.rows)}"


def to_markdown(table: Table) -> str:
    """The table with one part per section."""
    parts = ["# Results", caption(table)]
    for section in table:
        parts += [f"## {title(section)}", markdown_table(section_frame(section, table))]
        parts += notes(section)
        paired = differences_frame(section)
        if not paired.empty:
            parts += ["### Paired differences", PAIRED, markdown_table(paired)]
    return "\n\n".join(parts) + "\n"


def title(section: Section) -> str:
    """The name of a section, with its marks."""
    label = f", {section.label}" if section.label else ""
    return f"{section.target} on {section.dataset}{label}{_marks(section)}"


def section_frame(section: Section, table: Table) -> pd.DataFrame:
    """The rows of a section as strings.

    Args:
        section: the section.
        table: that it belongs to; rows are marked as shipped if not all of its rows are.
    """
    mark_shipped = not all(row.shipped for other in table for row in other.rows)
    lines = [_line(row, _marks(section), mark_shipped) for row in section.rows]
    if section.rows[0].method != "dense":
        missing = {"method": "dense", "sparsity": "0 %", "test accuracy": "not measured", "n": "0"}
        lines.insert(0, {**dict.fromkeys(lines[0], ""), **missing})
    return without_empty(pd.DataFrame(lines))


def notes(section: Section) -> list[str]:
    """Sentences below a section: its marks, its settings, and what cannot be compared yet."""
    found = []
    if section.saw_validation:
        found.append(f"{SAW_VALIDATION} The dense network was trained on validation images.")
    if section.data_note:
        found.append(f"{DATA_NOTE} Images: {section.data_note}.")
    if section.shared:
        found.append(f"Settings of all rows: {show_settings(section.shared)}.")
    for method, settings in section.own.items():
        found.append(f"Settings of {method}: {show_settings(settings)}.")
    pairs = list(differences(section))
    if pairs and not any(map(has_enough_pairs, pairs)):
        n = max(pair.accuracy.n for pair in pairs)
        at_most = "1 pair" if n == 1 else f"at most {n} pairs"
        found.append(
            f"Paired differences: {TOO_SMALL} ({at_most} of a dense network and a seed; an "
            "interval needs 3)."
        )
    return found


def differences_frame(section: Section) -> pd.DataFrame:
    """Differences from the first method of the table, as strings; empty if no n is large enough."""
    pairs = list(differences(section))
    if not any(map(has_enough_pairs, pairs)):
        return pd.DataFrame()
    methods = [r.method for r in section.rows if r.method not in {"dense", FINETUNED_DENSE}]
    return pd.DataFrame([_paired(pair) for pair in pairs if pair.first.method == methods[0]])


def to_csv(table: Table) -> str:
    """One line per row; accuracies and sparsities are fractions."""
    lines = [
        {
            **_facts(section),
            **{"method": row.method, "label": row.label, "sparsity": row.sparsity},
            "n": row.test_acc.n,
            **columns("test_acc", row.test_acc),
            **columns("before_finetune", row.before_finetune),
            "weight_sparsity": row.weight_sparsity and row.weight_sparsity.mean,
            "parameter_sparsity": row.parameter_sparsity and row.parameter_sparsity.mean,
            "finetune_lr": " ".join(f"{rate:g}" for rate in row.rates),
            "finetune_lr_candidates": row.candidates,
            "finetune_lr_at_edge": row.at_edge,
            "epochs_before_finetune": " ".join(map(str, row.epochs_before)),
            "shipped": row.shipped,
        }
        for section in table
        for row in section.rows
    ]
    frame = pd.DataFrame(lines).astype({"finetune_lr_candidates": "Int64"})
    return str(frame.to_csv(index=False, lineterminator="\n"))


def differences_to_csv(table: Table) -> str:
    """One line per pair of rows over the same units; accuracies are fractions. Empty if no pair."""
    lines = []
    for section in table:
        for pair in differences(section):
            low, high = pair.interval or (None, None)
            names = {"sparsity": pair.first.sparsity, "first": pair.first.name}
            names |= {"second": pair.second.name, "shipped": pair.first.shipped}
            numbers = {"n": pair.accuracy.n, **columns("difference", pair.accuracy)}
            interval = {
                "low_95": low,
                "high_95": high,
                "note": "" if has_enough_pairs(pair) else TOO_SMALL,
            }
            lines.append({**_facts(section), **names, **numbers, **interval})
    return str(pd.DataFrame(lines).to_csv(index=False, lineterminator="\n")) if lines else ""


def _facts(section: Section) -> dict[str, object]:
    facts = ("target", "dataset", "data_note", "saw_validation")
    return {name: getattr(section, name) for name in facts} | {"section": section.label}


def _line(row: Row, marks: str, mark_shipped: bool) -> dict[str, str]:
    shipped = f" {SHIPPED}" if row.shipped and mark_shipped else ""
    return {
        "method": f"{row.name}{marks}{shipped}",
        "sparsity": f"{100 * row.sparsity:.4g} %",
        "zeros: weights": _percent(row.weight_sparsity),
        "zeros: all": _percent(row.parameter_sparsity),
        "test accuracy": row.test_acc.show(),
        "before fine-tuning": row.before_finetune.show() if row.before_finetune else "",
        "rate": _rate(row),
        "epochs": "–".join(
            map(str, dict.fromkeys([*row.epochs_before[:1], *row.epochs_before[-1:]]))
        ),
        "n": str(row.test_acc.n),
    }


def _rate(row: Row) -> str:
    if not row.rates:
        return ""
    rates = ", ".join(f"{rate:g}" for rate in row.rates) + EDGE * row.at_edge
    return f"{rates}, best of {row.candidates}" if (row.candidates or 0) > 1 else rates


def _paired(pair: Difference) -> dict[str, str]:
    interval = pair.interval
    return {
        "sparsity": f"{100 * pair.first.sparsity:.4g} %",
        "difference": f"{pair.first.name} − {pair.second.name}",
        "points": pair.accuracy.show("+.2f"),
        "95 % interval": (
            f"{100 * interval[0]:+.2f} to {100 * interval[1]:+.2f}" if interval else TOO_SMALL
        ),
        "n": str(pair.accuracy.n),
    }


def _marks(section: Section) -> str:
    marks = SAW_VALIDATION * section.saw_validation + DATA_NOTE * bool(section.data_note)
    return f" {marks}" if marks else ""


def _percent(fraction: MeanSd | None) -> str:
    return "" if fraction is None else f"{100 * fraction.mean:.2f} %"

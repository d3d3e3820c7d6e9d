"""Table of pruned networks and their differences as CSV."""

import pandas as pd

from reporting.cost import cost_of
from reporting.differences import TOO_SMALL, differences, has_enough_pairs
from reporting.mean_sd import columns
from reporting.networks import Row, Section, Table


def to_csv(table: Table) -> str:
    """One line per row; accuracies and sparsities are fractions."""
    lines = [_facts(section) | _line(row) for section in table for row in section.rows]
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


def _line(row: Row) -> dict[str, object]:
    cost = cost_of([row]) if row.records else None
    return {
        **{"method": row.method, "label": row.label, "sparsity": row.sparsity},
        "n": row.test_acc.n,
        **columns("test_acc", row.test_acc),
        **columns("lost", row.lost),
        **columns("before_finetune", row.before_finetune),
        "weight_sparsity": row.weight_sparsity and row.weight_sparsity.mean,
        "parameter_sparsity": row.parameter_sparsity and row.parameter_sparsity.mean,
        "finetune_lr": " ".join(f"{rate:g}" for rate in row.rates),
        "finetune_lr_candidates": row.candidates,
        "finetune_lr_at_edge": row.at_edge,
        "epochs_before_finetune": " ".join(map(str, row.epochs_before)),
        "run_seconds": cost and cost.seconds and cost.seconds.mean,
        "peak_memory_mb": cost and cost.memory_mb,
        "shipped": row.shipped,
    }

"""All measurements of pruned networks, one line for each row, and their settings."""

from reporting.grid import Grid
from reporting.mean_sd import MeanSd
from reporting.networks import Row, Section
from reporting.text import EDGE, SHIPPED, section_marks, show_settings


def details_grid(section: Section, *, mark_shipped: bool) -> Grid:
    """The rows of a section; the dense network first, also where it is missing."""
    lines = [_line(row, section_marks(section), mark_shipped) for row in section.rows]
    if section.rows[0].method != "dense":
        missing = {"method": "dense", "sparsity": "0 %", "test accuracy": "not measured", "n": "0"}
        lines.insert(0, {**dict.fromkeys(lines[0], ""), **missing})
    return Grid.of(lines)


def settings_notes(section: Section) -> list[str]:
    """The settings of all rows, and those of each method."""
    found = []
    if section.shared:
        found.append(f"Settings of all rows: {show_settings(section.shared)}.")
    for method, settings in section.usual.items():
        of = f" of {method}" if method else ""
        found.append(f"Settings{of} where a row says nothing else: {show_settings(settings)}.")
    for method, settings in section.own.items():
        found.append(f"Settings of {method}: {show_settings(settings)}.")
    return found


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


def _percent(fraction: MeanSd | None) -> str:
    return "" if fraction is None else f"{100 * fraction.mean:.2f} %"

"""Rows of a section that may be compared with each other."""

from collections.abc import Sequence

from reporting.networks import Row, Section
from reporting.settings import canonical

GAUGE, BALANCED = "selection.gauge", "balanced"
# Rows that have other values of these are no competitors.
BUDGET = ("finetune.", "prune_biases", "data.", "trainer.precision", "matmul_precision")
# Engines make the same updates.
NO_BUDGET = ("finetune.engine",)


def budget(row: Row) -> str:
    """The same text for rows with equal budgets of fine-tuning."""
    return canonical(
        {
            key: value
            for key, value in row.settings.items()
            if key.startswith(BUDGET) and not key.startswith(NO_BUDGET)
        }
    )


def fair_rows(section: Section) -> list[Row]:
    """The pruned rows that text compares: of a method in both gauges, those in the balanced one."""
    rows = [row for row in section.rows if not row.is_dense]
    balanced = {row.method for row in rows if row.settings.get(GAUGE) == BALANCED}
    return [r for r in rows if r.method not in balanced or r.settings.get(GAUGE) == BALANCED]


def usual_names(rows: Sequence[Row]) -> set[str]:
    """Names of the rows that deviate least from the usual settings of their methods."""
    fewest: dict[str, int] = {}
    for row in rows:
        fewest[row.method] = min(fewest.get(row.method, len(_words(row))), len(_words(row)))
    return {row.name for row in rows if len(_words(row)) == fewest[row.method]}


def short_name(row: Row) -> str:
    """The name of a row without the balanced gauge, which text takes for granted."""
    words = _words(row)
    return f"{row.method} ({', '.join(words)})" if words else row.method


def _words(row: Row) -> list[str]:
    return [word for word in row.label.split(", ") if word not in ("", BALANCED)]

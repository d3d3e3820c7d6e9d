"""The tables and sentences of a section, for all formats."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reporting.cost import cost_of
from reporting.details import details_grid, settings_notes
from reporting.differences import TOO_SMALL, Difference, differences, fair_differences
from reporting.differences import has_enough_pairs as enough
from reporting.gaps import gaps_grid
from reporting.grid import Cell, Grid
from reporting.mean_sd import MeanSd
from reporting.networks import Row, Section, Table
from reporting.overview import MISSING, accuracy_grid, lines_of, lost_grid
from reporting.published import published
from reporting.reading import reading
from reporting.text import SHIPPED, explain_marks

ACCURACY = (
    "Test accuracy in percent after fine-tuning: mean ± sample standard deviation over n pairs of "
    f"a dense network and a seed. Bold: the highest mean of a column among rows with the same "
    f"budget of fine-tuning, whether or not the lead is more than chance; {MISSING} no run; "
    "epochs: over the images, before fine-tuning."
)
LOST = (
    "Test accuracy of the dense network less that of the pruned one, in percentage points, over "
    "the same pairs; bold: the fewest."
)
PAIRED = (
    "Test accuracies in percentage points, over the pairs of a dense network and a seed that both "
    "rows have, with 95 % confidence intervals of the mean by Student's t, one by one; bold where "
    "the interval does not contain 0. They are of the first method with its usual settings; of two "
    "gauges the balanced one is compared. All pairs: differences.csv."
)
GAPS = (
    "Validation accuracies in percent of methods that follow a predictor, mean ± sample standard "
    "deviation over pairs: what it promised for the pruned network, what was true before and after "
    "fine-tuning, and the gap between the first two in points."
)
COST = (
    "Time of a run for one dense network and seed, for all its sparsities and learning rates of "
    "fine-tuning; other jobs on the machine count. Share: of this time, what the method took "
    "before fine-tuning."
)


@dataclass(frozen=True)
class Part:
    """A piece of a section.

    Args:
        heading: its own.
        intro: a sentence before the table.
        grid: the table.
        notes: sentences after it.
        minor: whether a page may fold it.
    """

    heading: str
    intro: str = ""
    grid: Grid | None = None
    notes: tuple[str, ...] = ()
    minor: bool = False


def parts_of(section: Section, table: Table) -> list[Part]:
    """The parts of a section in their order.

    Args:
        section: the section.
        table: that it belongs to; rows are marked as shipped if not all of its rows are.
    """
    mark_shipped = not all(row.shipped for other in table for row in other.rows)
    accuracy = accuracy_grid(section, mark_shipped=mark_shipped)
    notes = (*_notes(section, accuracy), *_zeros(section))
    parts = [Part("Test accuracy", ACCURACY, accuracy, notes)]
    lost = lost_grid(section, mark_shipped=mark_shipped)
    if lost.rows:
        parts.append(Part("Points lost", LOST, lost, _notes(section, lost)))
    if sentences := reading(section):
        parts.append(Part("In words", notes=tuple(sentences)))
    parts += _differences(section)
    details = details_grid(section, mark_shipped=mark_shipped)
    explained = explain_marks(section, details)
    parts.append(
        Part(
            "Measurements",
            grid=details,
            notes=(*explained, *settings_notes(section)),
            minor=True,
        )
    )
    gaps = gaps_grid(section, mark_shipped=mark_shipped)
    if gaps is not None:
        parts.append(Part("Promised and actual", GAPS, gaps, tuple(explain_marks(section, gaps))))
    costs = cost_grid(section, mark_shipped=mark_shipped)
    if costs is not None:
        parts.append(Part("Cost", COST, costs, tuple(explain_marks(section, costs)), minor=True))
    return parts


def cost_grid(section: Section, *, mark_shipped: bool) -> Grid | None:
    """Time and memory of each method; ``None`` if no run recorded any."""
    found = []
    for line in lines_of(section):
        pruned = [row for row in line.rows if row.records]
        if not pruned:
            continue
        cost = cost_of(pruned)
        share, seconds, epochs = cost.method_share, cost.seconds, cost.finetune_epochs
        found.append(
            {
                "method": line.name + f" {SHIPPED}" * (line.shipped and mark_shipped),
                "sparsities": str(cost.sparsities),
                "minutes": seconds.show(".1f", 1 / 60) if seconds else "",
                "share": f"{100 * share.mean:.0f} %" if share else "",
                "fine-tuning epochs": epochs.show(".0f", 1.0) if epochs else "",
                "peak memory": f"{cost.memory_mb:,.0f} MB" if cost.memory_mb else "",
                "device": ", ".join(cost.devices),
            }
        )
    return Grid.of(found) if any(line["minutes"] or line["peak memory"] for line in found) else None


def _notes(section: Section, grid: Grid) -> tuple[str, ...]:
    theirs = published(section)
    grey = any(cell.grey for row in grid.rows for cell in row)
    source = [f"Published: {theirs.source} ({theirs.remark})."] if theirs and grey else []
    return (*explain_marks(section, grid), *source)


def _zeros(section: Section) -> list[str]:
    """Both accountings of sparsity, by the sparsity that was asked for."""
    found: dict[float, list[Row]] = {}
    for row in section.rows:
        if row.weight_sparsity and row.parameter_sparsity and row.sparsity:
            found.setdefault(row.sparsity, []).append(row)
    parts = [
        f"{100 * sparsity:.4g} %: {_span(r.weight_sparsity for r in rows)} % of the weights, "
        f"{_span(r.parameter_sparsity for r in rows)} % of all parameters"
        for sparsity, rows in sorted(found.items())
    ]
    return [f"Zeros in the saved networks at {'; '.join(parts)}."] if parts else []


def _span(values: Iterable[MeanSd | None]) -> str:
    means = [value.mean for value in values if value]
    return " to ".join(dict.fromkeys(f"{100 * mean:.2f}" for mean in (min(means), max(means))))


def _differences(section: Section) -> list[Part]:
    every = list(differences(section))
    if not every:
        return []
    pairs = fair_differences(section)
    if any(map(enough, pairs)):
        return [Part("Paired differences", PAIRED, _paired_grid(pairs))]
    if any(map(enough, every)):
        return []
    n = max(pair.accuracy.n for pair in every)
    at_most = "1 pair" if n == 1 else f"at most {n} pairs"
    note = f"{TOO_SMALL}: {at_most} of a dense network and a seed, and an interval needs 3."
    return [Part("Paired differences", notes=(note,))]


def _paired_grid(pairs: Sequence[Difference]) -> Grid:
    """One line for each two rows, one column for each sparsity."""
    sparsities = sorted({pair.first.sparsity for pair in pairs})
    lines: dict[str, dict[float, Difference]] = {}
    for pair in pairs:
        lines.setdefault(f"{pair.first.name} − {pair.second.name}", {})[pair.first.sparsity] = pair
    columns = ("difference", "n", *(f"{100 * sparsity:.4g} %" for sparsity in sparsities))
    rows = []
    for name, found in lines.items():
        counts = sorted({pair.accuracy.n for pair in found.values()})
        n = "–".join(map(str, dict.fromkeys((counts[0], counts[-1]))))
        rows.append((Cell(name), Cell(n), *(_paired(found.get(s)) for s in sparsities)))
    return Grid(columns, tuple(rows))


def _paired(pair: Difference | None) -> Cell:
    if pair is None:
        return Cell(MISSING)
    points = f"{100 * pair.accuracy.mean:+.2f}"
    if pair.interval is None:
        return Cell(f"{points} ({TOO_SMALL})")
    low, high = pair.interval
    return Cell(f"{points} ({100 * low:+.2f} to {100 * high:+.2f})", bold=low > 0 or high < 0)

"""One line for each method and protocol, one column for each sparsity, beside published rows."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from reporting.fairness import budget
from reporting.grid import Cell, Grid
from reporting.identity import method_order
from reporting.mean_sd import MeanSd
from reporting.networks import Row, Section
from reporting.published import Published, published
from reporting.records import FINETUNED_DENSE
from reporting.schema import METHODS
from reporting.text import EDGE, SHIPPED, section_marks

# What a target is pruned to by default on the images that it is made for (conf/target/).
GRIDS = {
    ("small_cnn", "cifar10_gray"): (0.6, 0.7, 0.8, 0.9),
    ("vgg19", "cifar10"): (0.9, 0.95, 0.97, 0.98, 0.99),
}
MISSING = "–"


@dataclass(frozen=True)
class Line:
    """The rows of one method with one protocol.

    Args:
        method: see :class:`~reporting.networks.Row`.
        name: the method with its label.
        shipped: whether the results came with the project.
        rows: by ascending sparsity; none where there is no run.
        budget: the same text for lines that compete, with equal budgets of fine-tuning.
    """

    method: str
    name: str
    shipped: bool
    rows: tuple[Row, ...] = ()
    budget: str = ""


def lines_of(section: Section) -> list[Line]:
    """The lines of a section in the order of methods, published methods without a run included."""
    groups: dict[tuple[str, str, bool], list[Row]] = {}
    for row in section.rows:
        groups.setdefault((row.method, row.name, row.shipped), []).append(row)
    lines = [Line(*key, tuple(rows), budget(rows[0])) for key, rows in groups.items()]
    theirs = published(section)
    absent = set(theirs.accuracies if theirs else ()) - {line.method for line in lines}
    lines += [Line(method, method, shipped=False) for method in absent]
    known = (METHODS[0], FINETUNED_DENSE, *METHODS[1:])
    order = method_order((line.method for line in lines), known)
    return sorted(lines, key=lambda line: (order[line.method], line.name, line.shipped))


def sparsities_of(section: Section) -> list[float]:
    """All sparsities of a section: those of its rows, and those that its target is made for."""
    found = {row.sparsity for row in section.rows if not row.is_dense and row.sparsity}
    return sorted(found | set(GRIDS.get((section.target, section.dataset), ())))


def accuracy_grid(section: Section, *, mark_shipped: bool) -> Grid:
    """Test accuracies in percent after fine-tuning, the best of each column bold."""
    return _grid(section, lambda row: row.test_acc, _their_accuracy, max, mark_shipped)


def lost_grid(section: Section, *, mark_shipped: bool) -> Grid:
    """Percentage points that are lost against the dense network, the fewest of each column bold."""
    return _grid(
        section,
        lambda row: None if row.method == "dense" else row.lost,
        lambda theirs, method, sparsity: theirs.lost(method, sparsity),
        min,
        mark_shipped,
    )


def _grid(
    section: Section,
    value: Callable[[Row], MeanSd | None],
    theirs: Callable[[Published, str, float], float | None],
    better: Callable[[Iterable[float]], float],
    mark_shipped: bool,
) -> Grid:
    lines, grid, other = lines_of(section), sparsities_of(section), published(section)
    sparsities = [0.0, *grid] if any(row.sparsity == 0 for row in section.rows) else grid
    best = {
        (line.budget, sparsity): mean
        for sparsity in grid
        for line in lines
        if (mean := _best(lines, line.budget, sparsity, value, better)) is not None
    }
    rows = []
    for place, line in enumerate(lines):
        cells = [_cell(line, sparsity, value, best) for sparsity in sparsities]
        if any(value(row) for row in line.rows) or not line.rows:
            rows.append((*_head(line, section_marks(section), mark_shipped), *cells))
        last = place + 1 == len(lines) or lines[place + 1].method != line.method
        if other and last and line.method in other.accuracies:
            rows.append(_published_row(other, line.method, sparsities, theirs))
    columns = ("method", "epochs", "n", *(f"{100 * sparsity:.4g} %" for sparsity in sparsities))
    return _without_empty(Grid(columns, tuple(rows)))


def _best(
    lines: Sequence[Line],
    competitors: str,
    sparsity: float,
    value: Callable[[Row], MeanSd | None],
    better: Callable[[Iterable[float]], float],
) -> float | None:
    """The best mean of a column among lines with equal budgets; ``None`` without competitors."""
    means = [
        mean.mean
        for line in lines
        if line.budget == competitors
        for row in line.rows
        if row.sparsity == sparsity and (mean := value(row))
    ]
    return better(means) if len(means) > 1 else None


def _head(line: Line, marks: str, mark_shipped: bool) -> tuple[Cell, ...]:
    shipped = f" {SHIPPED}" if line.shipped and mark_shipped else ""
    epochs = sorted({epochs for row in line.rows for epochs in row.epochs_before})
    counts = sorted({row.test_acc.n for row in line.rows}) or [0]
    name = f"{line.name}{marks}{shipped}"
    return Cell(name), Cell(_range(epochs)), Cell(_range(counts))


def _cell(
    line: Line,
    sparsity: float,
    value: Callable[[Row], MeanSd | None],
    best: dict[tuple[str, float], float],
) -> Cell:
    rows = [row for row in line.rows if row.sparsity == sparsity]
    found = value(rows[0]) if rows else None
    if found is None:
        expected = sparsity > 0 and not (line.rows and line.rows[0].is_dense)
        return Cell(MISSING if expected else "")
    bold = best.get((line.budget, sparsity)) == found.mean
    return Cell(found.show(), EDGE * rows[0].at_edge, bold)


def _published_row(
    other: Published,
    method: str,
    sparsities: Sequence[float],
    theirs: Callable[[Published, str, float], float | None],
) -> tuple[Cell, ...]:
    values = [theirs(other, method, sparsity) for sparsity in sparsities]
    texts = ["" if value is None else f"{100 * value:.2f}" for value in values]
    head = (f"{method}, published", "", "1")
    return tuple(Cell(text, grey=True) for text in (*head, *texts))


def _their_accuracy(other: Published, method: str, sparsity: float) -> float | None:
    return other.accuracies[method].get(sparsity) if sparsity else other.dense


def _range(values: Sequence[int]) -> str:
    return "–".join(map(str, dict.fromkeys([*values[:1], *values[-1:]])))


def _without_empty(grid: Grid) -> Grid:
    kept = [i for i, _ in enumerate(grid.columns) if any(row[i].text for row in grid.rows)]
    rows = tuple(tuple(row[i] for i in kept) for row in grid.rows)
    return Grid(tuple(grid.columns[i] for i in kept), rows)

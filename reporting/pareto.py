"""Figures of test accuracy over the number of parameters that are left."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reporting.fairness import FEWER_DRAWN, drawn
from reporting.mean_sd import MeanSd
from reporting.networks import Row, Section, Table
from reporting.networks_text import title
from reporting.style import Look, explain, legend_beside, looks, place_methods, plain_ticks

Point = tuple[float, float]


def plot_pareto(table: Table) -> Figure | None:
    """A point per row, a panel per section; a line joins the points that no other beats in both.

    Colours and markers are methods, fillings are settings of a method.

    Returns:
        ``None`` if no run counted the parameters that are left.
    """
    every = [s for s in table if any(left(row) for row in s.rows)]
    sections = [drawn(section) for section in every]
    if not sections:
        return None
    heights = [max(3.6, 0.19 * (4 + len({row.name for row in s.rows}))) for s in sections]
    figure = Figure(figsize=(9, sum(heights) + 0.3), layout="constrained")
    panels = figure.subplots(len(sections), squeeze=False, height_ratios=heights)[:, 0]
    look = looks(sections)
    for axes, section in zip(panels, sections, strict=True):
        _draw(axes, section, look)
        axes.set(xlabel="parameters left", ylabel="test accuracy (%)")
        axes.set_title(title(section), fontsize="medium")
        axes.grid(alpha=0.25)
    explain(figure, [FEWER_DRAWN] if sections != every else [])
    return figure


def left(row: Row) -> float | None:
    """Mean number of parameters that are not zero; ``None`` where no file was counted."""
    mean = MeanSd.of(record.row.nonzero for record in row.records)
    return None if mean is None else mean.mean


def front(points: list[Point]) -> list[Point]:
    """The points that no other has fewer parameters and a higher accuracy than, by parameters."""
    found: list[Point] = []
    for size, accuracy in sorted(points, key=lambda point: (point[0], -point[1])):
        if not found or accuracy > found[-1][1]:
            found.append((size, accuracy))
    return found


def _draw(axes: Axes, section: Section, look: dict[tuple[str, str], Look]) -> None:
    place = place_methods(row.method for row in section.rows)
    points: list[Point] = []
    handles: dict[str, Line2D] = {}
    sizes: dict[float, list[float]] = {}
    for row in sorted(section.rows, key=lambda row: (place[row.method], row.label)):
        size = left(row)
        if size is None:
            continue
        own, y, deviation = look[row.method, row.label], row.test_acc.mean, row.test_acc.sd or 0.0
        style: dict[str, Any] = {
            **{"color": own.colour, "marker": own.marker, "linestyle": "none", "markersize": 5},
            **{"fillstyle": own.fill, "markerfacecoloralt": "white"},
        }
        axes.plot([size], [100 * y], **style)
        axes.vlines(size, 100 * (y - deviation), 100 * (y + deviation), own.colour, linewidth=0.8)
        handles[row.name] = Line2D([], [], **style, label=row.name)
        points.append((size, 100 * y))
        sizes.setdefault(row.sparsity, []).append(size)
    steps: dict[str, Any] = {"drawstyle": "steps-post", "color": "black", "linewidth": 0.9}
    best = front(points)
    axes.plot([size for size, _ in best], [y for _, y in best], **steps, zorder=0)
    legend_beside(axes, [*handles.values(), Line2D([], [], **steps, label="Pareto front")])
    axes.set_xscale("log")
    plain_ticks(axes, [round(sum(found) / len(found)) for found in sizes.values()], form="{x:,.0f}")

"""Figures of test accuracy over sparsity."""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reporting.mean_sd import MeanSd
from reporting.networks import Row, Section, Table
from reporting.networks_text import title
from reporting.style import Look, explain, legend_beside, looks, place_methods, plain_ticks
from reporting.text import DATA_NOTE, SAW_VALIDATION, SHIPPED

# Hollow markers and dots tell what was measured before fine-tuning.
BEFORE: dict[str, Any] = {"linestyle": ":", "markerfacecolor": "white"}
Value = Callable[[Row], MeanSd | None]
# The panels of a section: title, value and style of lines.
WHEN: tuple[tuple[str, Value, dict[str, Any]], ...] = (
    ("after fine-tuning", lambda row: row.test_acc, {}),
    ("before fine-tuning", lambda row: row.before_finetune, BEFORE),
)
Series = Sequence[tuple[float, MeanSd]]


def plot_curves(table: Table) -> Figure | None:
    """Test accuracy over sparsity, a line per section: after fine-tuning, and before.

    Bands are standard deviations, bars where a line has one point; dashed lines are dense
    networks, dash-dotted ones the same fine-tuned. Colours and markers are methods, dashes are
    settings of a method. Panels of a data set share their axes.

    Returns:
        ``None`` if no network was pruned.
    """
    sections = [s for s in table if any(not row.is_dense for row in s.rows)]
    if not sections:
        return None
    heights = [max(3.6, 0.19 * (4 + _lines(section))) for section in sections]
    columns = 1 + any(row.before_finetune for s in sections for row in s.rows if not row.is_dense)
    figure = Figure(figsize=(4 + 4.5 * columns, sum(heights) + 0.4), layout="constrained")
    panels = figure.subplots(len(sections), columns, squeeze=False, height_ratios=heights)
    look = looks(table)
    some_own = not all(row.shipped for section in sections for row in section.rows)
    first: dict[tuple[str, str], Axes] = {}
    for line, section in zip(panels, sections, strict=True):
        compared = first.setdefault((section.target, section.dataset), line[0])
        same = [s for s in sections if (s.target, s.dataset) == (section.target, section.dataset)]
        handles: list[Any] = []
        for axes, (when, value, style) in zip(line, WHEN, strict=False):
            if compared is not axes:
                axes.sharex(compared)
                axes.sharey(compared)
            drawn = _draw(axes, section, look, some_own, value, style)
            handles = handles or drawn
            axes.set_title(when, fontsize="medium")
            axes.set_xlabel("sparsity (%)")
            axes.grid(alpha=0.25)
            plain_ticks(axes, _sparsities(same))
        line[0].set_title(f"{title(section)}\n{WHEN[0][0]}", fontsize="medium")
        line[0].set_ylabel("test accuracy (%)")
        legend_beside(line[-1], [*handles, *_styles(section)])
    explain(figure, _explanations(sections, some_own))
    return figure


def _draw(
    axes: Axes,
    section: Section,
    look: dict[tuple[str, str], Look],
    some_own: bool,
    value: Value,
    style: dict[str, Any],
) -> list[Any]:
    """All lines of a panel, and what stands for them in the legend."""
    place = place_methods(row.method for row in section.rows)
    rows = sorted(section.rows, key=lambda r: (place[r.method], r.label, r.shipped, r.sparsity))
    handles: list[Any] = []
    for (method, label, shipped), points in groupby(
        rows, key=lambda r: (r.method, r.label, r.shipped)
    ):
        curve, own = list(points), look[method, label]
        text = curve[0].name + (f" {SHIPPED}" if shipped and some_own else "")
        if curve[0].is_dense:
            # In front of that of the fine-tuned one, which may have the same height.
            dense: dict[str, Any] = (
                {"ls": "--", "zorder": 3} if method == "dense" else {"ls": "-.", "zorder": 2}
            )
            height = 100 * curve[0].test_acc.mean
            handles.append(axes.axhline(height, **dense, color=own.colour, label=text))
            continue
        series = [(row.sparsity, mean) for row in curve if (mean := value(row))]
        plain: dict[str, Any] = {"color": own.colour, "marker": own.marker, "markersize": 4}
        _line(axes, series, {**plain, "linestyle": own.dash, **style})
        handles.append(Line2D([], [], **plain, linestyle=own.dash, label=text))
    return handles


def _line(axes: Axes, series: Series, style: dict[str, Any]) -> None:
    if not series:
        return
    x = [100 * sparsity for sparsity, _ in series]
    y = [100 * mean.mean for _, mean in series]
    axes.plot(x, y, **style)
    deviations = [100 * (mean.sd or 0.0) for _, mean in series]
    if not any(deviations):
        return
    low, high = ([m + sign * d for m, d in zip(y, deviations, strict=True)] for sign in (-1, 1))
    if len(series) > 1:
        axes.fill_between(x, low, high, color=style["color"], alpha=0.15, linewidth=0)
    else:
        axes.errorbar(x, y, yerr=deviations, fmt="none", ecolor=style["color"], capsize=2)


def _styles(section: Section) -> list[Line2D]:
    """The two kinds of lines, where there are both."""
    if not any(row.before_finetune for row in section.rows if not row.is_dense):
        return []
    gray: dict[str, Any] = {"color": "dimgray", "marker": "o", "markersize": 4}
    return [
        Line2D([], [], **gray, label="after fine-tuning (left)"),
        Line2D([], [], **gray, **BEFORE, label="before fine-tuning (right)"),
    ]


def _lines(section: Section) -> int:
    return len({(row.name, row.shipped) for row in section.rows})


def _sparsities(sections: Sequence[Section]) -> list[float]:
    rows: list[Row] = [row for section in sections for row in section.rows]
    return sorted({round(100 * row.sparsity, 4) for row in rows if not row.is_dense})


def _explanations(sections: Sequence[Section], some_own: bool) -> list[str]:
    found = []
    if any(section.saw_validation for section in sections):
        found.append(f"{SAW_VALIDATION} The dense network was trained on validation images.")
    notes = dict.fromkeys(section.data_note for section in sections if section.data_note)
    if notes:
        found.append(f"{DATA_NOTE} Images: {'; '.join(notes)}.")
    rows = [row for section in sections for row in section.rows]
    if some_own and any(row.shipped for row in rows):
        found.append(f"{SHIPPED} Came with the project.")
    if any(row.test_acc.sd is not None for row in rows if not row.is_dense):
        found.append("Bands: ± one standard deviation over dense networks and seeds.")
    return found

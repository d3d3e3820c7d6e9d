"""Figures of test accuracy over sparsity."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reporting.mean_sd import MeanSd
from reporting.networks import Row, Section, Table
from reporting.networks_text import title
from reporting.records import FINETUNED_DENSE
from reporting.style import MARKERS, explain, method_colours, place_methods, plain_ticks
from reporting.text import DATA_NOTE, SAW_VALIDATION, SHIPPED

DENSE = ("dense", FINETUNED_DENSE)
# Hollow markers tell what was measured before where a line has one point.
AFTER: dict[str, Any] = {"linestyle": "-"}
BEFORE: dict[str, Any] = {"linestyle": ":", "markerfacecolor": "white"}


def plot_curves(table: Table) -> Figure | None:
    """Test accuracy over sparsity: a panel per section, with axes shared within a data set.

    Solid lines are after fine-tuning, dotted ones with hollow markers before; bars are standard
    deviations; dashed lines are dense networks, dash-dotted ones the same fine-tuned. Colours are
    methods, markers are settings of a method.

    Returns:
        ``None`` if no network was pruned.
    """
    sections = [s for s in table if any(row.method not in DENSE for row in s.rows)]
    if not sections:
        return None
    figure = Figure(figsize=(8.5, 4 * len(sections) + 0.3), layout="constrained")
    panels = figure.subplots(len(sections), squeeze=False)[:, 0]
    colours = method_colours(row.method for section in table for row in section.rows)
    some_own = not all(row.shipped for section in sections for row in section.rows)
    first: dict[tuple[str, str], Axes] = {}
    for axes, section in zip(panels, sections, strict=True):
        compared = first.setdefault((section.target, section.dataset), axes)
        if compared is not axes:
            axes.sharex(compared)
            axes.sharey(compared)
        _draw(axes, section, colours, some_own)
        axes.set(title=title(section), xlabel="sparsity (%)", ylabel="test accuracy (%)")
        same = [s for s in sections if (s.target, s.dataset) == (section.target, section.dataset)]
        plain_ticks(axes, _sparsities(same))
    explain(figure, _explanations(sections, some_own))
    return figure


def _draw(axes: Axes, section: Section, colours: dict[str, str], some_own: bool) -> None:
    place = place_methods(row.method for row in section.rows)
    rows = sorted(section.rows, key=lambda r: (place[r.method], r.label, r.shipped, r.sparsity))
    handles: list[object] = []
    some_before = any(row.before_finetune for row in rows if row.method not in DENSE)
    markers: dict[str, int] = {}
    look: dict[str, Any]
    for (method, name, shipped), points in groupby(
        rows, key=lambda r: (r.method, r.name, r.shipped)
    ):
        curve = list(points)
        label = name + (f" {SHIPPED}" if shipped and some_own else "")
        if method in DENSE:
            height = 100 * curve[0].test_acc.mean
            # In front of that of the fine-tuned one, which may have the same height.
            look = {"ls": "--", "zorder": 3} if method == "dense" else {"ls": "-.", "zorder": 2}
            look |= {"color": colours[method], "label": label}
            handles.append(axes.axhline(height, **look))
            continue
        marker = MARKERS[markers.setdefault(method, 0) % len(MARKERS)]
        markers[method] += 1
        after = [(row.sparsity, row.test_acc) for row in curve]
        before = [(r.sparsity, r.before_finetune) for r in curve if r.before_finetune]
        look = {"color": colours[method], "marker": marker}
        _line(axes, after, AFTER | look)
        _line(axes, before, BEFORE | look)
        handles.append(Line2D([], [], color=colours[method], marker=marker, label=label))
    if some_before:
        gray: dict[str, Any] = {"color": "dimgray", "marker": "o", "markersize": 4}
        handles.append(Line2D([], [], **AFTER, **gray, label="after fine-tuning"))
        handles.append(Line2D([], [], **BEFORE, **gray, label="before fine-tuning"))
    axes.legend(
        handles=handles,  # type: ignore[arg-type]
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        borderaxespad=0.0,
        fontsize="small",
        frameon=False,
    )
    axes.grid(alpha=0.25)


def _line(axes: Axes, points: Sequence[tuple[float, MeanSd]], style: dict[str, Any]) -> None:
    if not points:
        return
    x = [100 * sparsity for sparsity, _ in points]
    y = [100 * value.mean for _, value in points]
    axes.plot(x, y, **style, markersize=4)
    several = [(s, value) for s, value in points if value.sd is not None]
    if several:
        axes.errorbar(
            [100 * sparsity for sparsity, _ in several],
            [100 * value.mean for _, value in several],
            yerr=[100 * (value.sd or 0.0) for _, value in several],
            fmt="none",
            ecolor=style["color"],
            capsize=2,
        )


def _sparsities(sections: Sequence[Section]) -> list[float]:
    rows: list[Row] = [row for section in sections for row in section.rows]
    return sorted({round(100 * row.sparsity, 4) for row in rows if row.method not in DENSE})


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
    if any(row.test_acc.sd is not None for row in rows if row.method not in DENSE):
        found.append("Bars: ± one standard deviation over dense networks and seeds.")
    return found

"""Figures of predictors: how well each ranks test networks."""

from collections import Counter
from collections.abc import Sequence
from textwrap import wrap

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reporting.predictor_rows import PredictorRow, PredictorSection, PredictorTable
from reporting.predictors_text import mark
from reporting.style import explain, predictor_colours
from reporting.text import SAW_TEST, SHIPPED

Line = tuple[PredictorSection, PredictorRow]


def plot_predictors(table: PredictorTable) -> Figure:
    """Kendall's τ of each predictor: a panel per data set, all with one x axis.

    Bars are standard deviations; colours are predictors.
    """
    zoos: dict[str, list[Line]] = {}
    for section in table:
        for row in section.rows:
            zoos.setdefault(section.dataset, []).append((section, row))
    some_own = not all(row.shipped for section in table for row in section.rows)
    names = {zoo: [_name(line, lines, some_own) for line in lines] for zoo, lines in zoos.items()}
    heights = {zoo: 0.2 + 0.15 * max(map(_lines, texts)) for zoo, texts in names.items()}
    ratios = [1.0 + heights[zoo] * len(lines) for zoo, lines in zoos.items()]
    figure = Figure(figsize=(10, sum(ratios) + 0.3), layout="constrained")
    panels = figure.subplots(len(zoos), squeeze=False, height_ratios=ratios, sharex=True)[:, 0]
    colours = predictor_colours(row.family for section in table for row in section.rows)
    for axes, (dataset, lines) in zip(panels, zoos.items(), strict=True):
        for place, (_, row) in enumerate(lines):
            _point(axes, place, row, colours[row.family])
        axes.set_yticks(range(len(lines)), names[dataset])
        axes.set_ylim(len(lines) - 0.5, -0.5)
        axes.set_title(dataset, fontsize="medium")
        axes.tick_params(labelbottom=True)
        axes.grid(axis="x", alpha=0.3)
    panels[-1].set_xlabel("Kendall's τ on test networks (number of seeds in brackets)")
    explain(figure, explanations(table))
    return figure


def explanations(table: PredictorTable) -> list[str]:
    """Sentences on marks and on the data."""
    rows = [row for section in table for row in section.rows]
    found = []
    if any(mark(s.label, row.predictor) for s in table for row in s.rows):
        found.append(f"{SAW_TEST} Learnt accuracies on test images: nothing may be chosen with it.")
    if len({row.shipped for row in rows}) > 1:
        found.append(f"{SHIPPED} Came with the project.")
    notes = dict.fromkeys(section.data_note for section in table if section.data_note)
    if notes:
        found.append(f"Data: {'; '.join(notes)}.")
    if any(row.kendall_tau.sd is not None for row in rows):
        found.append("Bars: ± one standard deviation over seeds.")
    return found


def _point(axes: Axes, place: int, row: PredictorRow, colour: str) -> None:
    tau = row.kendall_tau
    if tau.sd is None:
        axes.plot([tau.mean], [place], "o", color=colour)
    else:
        axes.errorbar([tau.mean], [place], xerr=[tau.sd], fmt="o", color=colour, capsize=3)


def _name(line: Line, lines: Sequence[Line], some_own: bool) -> str:
    """Name of a predictor that no other of its panel has, in lines that fit."""
    section, row = line
    sections = [other for other, _ in lines]
    name = row.name
    namesakes = Counter(r.name for s, r in lines if s is section and r.shipped == row.shipped)
    if namesakes[name] > 1:
        name += f", {row.parameters:,} parameters"
    if len({other.train_networks for other in sections}) > 1 and section.train_networks:
        name += f", {section.train_networks:,} networks"
    for fact in ("label", "variant", "data_note"):
        if len({getattr(other, fact) for other in sections}) > 1 and getattr(section, fact):
            name += f", {getattr(section, fact)}"
    shipped = f" {SHIPPED}" if row.shipped and some_own else ""
    name += f"{mark(section.label, row.predictor)}{shipped} ({row.kendall_tau.n})"
    return "\n".join(wrap(name, 60))


def _lines(text: str) -> int:
    return text.count("\n") + 1

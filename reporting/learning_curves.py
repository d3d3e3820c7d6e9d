"""Figures of predictors over the number of networks to train."""

from collections import defaultdict
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reporting.mean_sd import MeanSd
from reporting.predictor_rows import PredictorRow, PredictorSection, PredictorTable
from reporting.predictors_figure import explanations
from reporting.predictors_text import mark
from reporting.style import MARKERS, explain, plain_ticks, predictor_colours
from reporting.text import SHIPPED


@dataclass(frozen=True)
class Curve:
    """Kendall's τ of one predictor by the number of networks that it was trained on.

    Args:
        family: the predictor, whatever it was trained on before.
        name: the same with its settings and, where several sizes have one name, its size.
        taus: in ascending order of the number of networks.
    """

    family: str
    name: str
    taus: dict[int, MeanSd]


def plot_learning_curves(table: PredictorTable) -> Figure | None:
    """Kendall's τ over the number of networks to train, a panel per data set.

    Bars are standard deviations; colours are predictors, as in the figure of all predictors.

    Returns:
        ``None`` where no predictor was trained on two numbers of networks of a zoo.
    """
    curves = learning_curves(table)
    if not curves:
        return None
    figure = Figure(figsize=(9, 4 * len(curves) + 0.3), layout="constrained")
    panels = figure.subplots(len(curves), squeeze=False, sharex=True, sharey=True)[:, 0]
    colours = predictor_colours(row.family for section in table for row in section.rows)
    for axes, (title, lines) in zip(panels, curves.items(), strict=True):
        markers: dict[str, int] = defaultdict(int)
        for curve in lines:
            marker = MARKERS[markers[curve.family] % len(MARKERS)]
            markers[curve.family] += 1
            _draw(axes, curve, colours[curve.family], marker)
        axes.set(xscale="log", ylabel="Kendall's τ on test networks")
        axes.set_title(title, fontsize="medium")
        axes.tick_params(labelbottom=True)
        axes.grid(alpha=0.3)
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0, frameon=False)
    counts = {n for lines in curves.values() for curve in lines for n in curve.taus}
    plain_ticks(panels[-1], sorted(counts), form="{x:,.0f}")
    panels[-1].set_xlabel("networks to train")
    explain(figure, explanations(table))
    return figure


def learning_curves(table: PredictorTable) -> dict[str, list[Curve]]:
    """By data set, the predictors that were trained on several numbers of its networks."""
    sizes = defaultdict(set)
    for row in (row for section in table for row in section.rows):
        sizes[row.predictor, row.label].add(row.parameters)
    found: dict[str, dict[tuple[str, str], dict[int, MeanSd]]] = defaultdict(
        lambda: defaultdict(dict)
    )
    for section in sorted(table, key=lambda section: section.train_networks or 0):
        for row in section.rows if section.train_networks else ():
            several = len(sizes[row.predictor, row.label]) > 1
            key = (row.family, _name(section, row, several))
            found[_title(section)][key][section.train_networks or 0] = row.kendall_tau
    curves = {
        title: [Curve(*key, taus) for key, taus in lines.items() if len(taus) > 1]
        for title, lines in found.items()
    }
    return {title: lines for title, lines in curves.items() if lines}


def _title(section: PredictorSection) -> str:
    parts = [section.dataset, section.label, section.variant]
    note = f"\n{section.data_note}" if section.data_note else ""
    return ", ".join(part for part in parts if part) + mark(section.label) + note


def _name(section: PredictorSection, row: PredictorRow, several_sizes: bool) -> str:
    size = f", {row.parameters:,} parameters" if several_sizes and row.parameters else ""
    shipped = f" {SHIPPED}" if row.shipped and not all(r.shipped for r in section.rows) else ""
    return f"{row.name}{size}{shipped}"


def _draw(axes: Axes, curve: Curve, colour: str, marker: str) -> None:
    counts, taus = list(curve.taus), list(curve.taus.values())
    means = [tau.mean for tau in taus]
    axes.plot(counts, means, color=colour, marker=marker, label=curve.name)
    several = [(n, tau) for n, tau in curve.taus.items() if tau.sd is not None]
    if several:
        axes.errorbar(
            [n for n, _ in several],
            [tau.mean for _, tau in several],
            yerr=[tau.sd or 0.0 for _, tau in several],
            fmt="none",
            ecolor=colour,
            capsize=2,
        )

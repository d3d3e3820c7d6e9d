"""Figures of losses over the epochs of methods that train something."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reporting.collect import Run
from reporting.fairness import drawn
from reporting.networks import Section, Table
from reporting.networks_text import title
from reporting.style import Look, legend_beside, looks, place_methods

NAME = "metrics.csv"
# Of training images and of validation images: what is minimised, and the accuracy.
COLUMNS = {"train/loss": "training loss", "val/loss": "validation loss"}
# Runs that a line is the mean of at most; more would take longer to read than to understand.
MOST_RUNS = 5


@dataclass(frozen=True)
class History:
    """Metrics of one method with its settings, over several runs.

    Args:
        method: see :class:`~reporting.networks.Row`.
        label: see :class:`~reporting.networks.Row`.
        runs: one table each, indexed by epoch.
    """

    method: str
    label: str
    runs: tuple[pd.DataFrame, ...]

    @property
    def name(self) -> str:
        """The method with its label."""
        return f"{self.method} ({self.label})" if self.label else self.method


def plot_training(table: Table) -> Figure | None:
    """Training and validation losses over epochs, a line per section.

    Lines are means over runs, bands one standard deviation.

    Returns:
        ``None`` if no run has ``metrics.csv`` with these losses beside its results.
    """
    sections = [drawn(section) for section in table]
    found = [(section, histories(section)) for section in sections]
    found = [(section, lines) for section, lines in found if lines]
    if not found:
        return None
    heights = [max(3.4, 0.19 * (3 + len(lines))) for _, lines in found]
    figure = Figure(figsize=(13, sum(heights) + 0.3), layout="constrained")
    panels = figure.subplots(len(found), 2, squeeze=False, height_ratios=heights)
    look = looks(sections)
    for line, (section, lines) in zip(panels, found, strict=True):
        for axes, (column, text) in zip(line, COLUMNS.items(), strict=True):
            for history in lines:
                _draw(axes, history, column, look[history.method, history.label])
            axes.set(xlabel="epoch", ylabel=text)
            axes.grid(alpha=0.25)
        line[0].set_title(title(section), fontsize="medium")
        legend_beside(line[1], [_handle(h, look[h.method, h.label]) for h in lines])
    return figure


def histories(section: Section) -> list[History]:
    """Metrics of all methods of a section whose runs left them, in the order of methods."""
    runs: dict[tuple[str, str], dict[int, Run]] = {}
    for row in section.rows:
        for record in row.records:
            runs.setdefault((row.method, row.label), {})[id(record.run)] = record.run
    place = place_methods(method for method, _ in runs)
    found = []
    for method, label in sorted(runs, key=lambda key: (place[key[0]], key[1])):
        tables = _read(list(runs[method, label].values()), method)
        if tables:
            found.append(History(method, label, tuple(tables)))
    return found


def _read(runs: Sequence[Run], method: str) -> list[pd.DataFrame]:
    tables: list[pd.DataFrame] = []
    for run in runs:
        # The file of a run that compares several methods is that of its own one.
        if run.folder is None or run.results.method != method or len(tables) == MOST_RUNS:
            continue
        try:
            table = pd.read_csv(run.folder / NAME, usecols=lambda c: c in {"epoch", *COLUMNS})
        except (OSError, ValueError):
            continue
        if set(COLUMNS) <= set(table.columns):
            tables.append(table.groupby("epoch").last())
    return tables


def _draw(axes: Axes, history: History, column: str, look: Look) -> None:
    values = pd.concat([table[column] for table in history.runs], axis=1)
    mean, deviation = values.mean(axis=1), values.std(axis=1)
    axes.plot(mean.index, mean, color=look.colour, linestyle=look.dash, linewidth=1.2)
    if np.isfinite(deviation).any():
        low, high = mean - deviation, mean + deviation
        axes.fill_between(mean.index, low, high, color=look.colour, alpha=0.15, linewidth=0)


def _handle(history: History, look: Look) -> Line2D:
    text = f"{history.name} ({len(history.runs)} run{'s' * (len(history.runs) > 1)})"
    return Line2D([], [], color=look.colour, linestyle=look.dash, label=text)

"""Figure of what predictors promised and what was true, over pairs."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reporting.gap_figure import ACTUAL, PROMISED
from reporting.gaps import VALUES, followed, mean_of
from reporting.networks import Row, Table
from reporting.networks_text import title
from reporting.text import SHIPPED

COLUMNS = 3
STYLES: dict[str, dict[str, Any]] = {
    "promised": {"color": PROMISED, "marker": "o"},
    "actual": {"color": ACTUAL, "marker": "s"},
    "actual, fine-tuned": {
        **{"color": ACTUAL, "marker": "D", "markerfacecolor": "white", "linestyle": ":"},
    },
}


def plot_gaps(table: Table) -> Figure | None:
    """Promised and actual validation accuracies over sparsity, a panel for each method.

    Methods with other settings have panels of their own. Lines are means over pairs of a dense
    network and a seed, bars their standard deviations.

    Returns:
        ``None`` if nothing follows a predictor.
    """
    every = [(section, line) for section in table for line in followed(section)]
    if not every:
        return None
    mixed = not all(line.shipped for _, line in every)
    width = min(COLUMNS, len(every))
    height = -(-len(every) // width)
    figure = Figure(figsize=(3.6 * width, 3.1 * height + 0.4), layout="constrained")
    panels = list(figure.subplots(height, width, squeeze=False, sharex=True, sharey=True).flat)
    for axes, (section, line) in zip(panels, every, strict=False):
        _draw(axes, line.rows)
        name = line.name + f" {SHIPPED}" * (line.shipped and mixed)
        heading = name if len(table) == 1 else f"{title(section)}: {name}"
        axes.set_title(heading, fontsize="x-small", wrap=True)
        axes.tick_params(labelbottom=True)
        axes.grid(alpha=0.25)
    for axes in panels[len(every) :]:
        axes.set_axis_off()
    figure.supxlabel("sparsity (%)", fontsize="medium")
    figure.supylabel("validation accuracy (%)", fontsize="medium")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3, frameon=False)
    return figure


def _draw(axes: Axes, rows: Sequence[Row]) -> None:
    for label, value in VALUES.items():
        found = [(row.sparsity, mean_of(row, value)) for row in rows]
        points = [(100 * at, mean) for at, mean in found if mean is not None]
        axes.errorbar(
            [at for at, _ in points],
            [100 * mean.mean for _, mean in points],
            [100 * (mean.sd or 0.0) for _, mean in points],
            label=label,
            markersize=4,
            linewidth=1,
            **STYLES[label],
        )

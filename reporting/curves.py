"""The table as a picture."""

from itertools import groupby

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reporting.render import title
from reporting.schema import METHODS
from reporting.table import FINETUNED_DENSE, ORDER, Row, Spread, Table

STRONG_AND_PALE = colormaps["tab20"].colors  # type: ignore[attr-defined]
COLOURS = dict(zip(METHODS[1:], STRONG_AND_PALE[::2] + STRONG_AND_PALE[1::2], strict=False))


def plot_curves(table: Table) -> Figure:
    """Test accuracy over sparsity, a panel per group and a line per method.

    Solid lines are after fine-tuning, dotted ones before; bars are standard deviations; the dense
    network is the dashed line.
    """
    figure = Figure(figsize=(6, 4 * len(table)), layout="constrained")
    panels = figure.subplots(len(table), squeeze=False)[:, 0]
    for axes, (group, rows) in zip(panels, table.items(), strict=True):
        _draw(axes, rows)
        axes.set(title=title(group), xlabel="sparsity (%)", ylabel="test accuracy (%)")
        axes.legend(fontsize="small")
    return figure


def _draw(axes: Axes, rows: list[Row]) -> None:
    for method, points in groupby(sorted(rows, key=_by_method), key=lambda row: row.method):
        curve = list(points)
        if method in {"dense", FINETUNED_DENSE}:
            colour = "black" if method == "dense" else "gray"
            axes.axhline(100 * curve[0].test_acc.mean, color=colour, linestyle="--", label=method)
            continue
        colour = COLOURS[method]
        _line(axes, [(row.sparsity, row.test_acc) for row in curve], colour, "o-", method)
        before = [(row.sparsity, row.before_finetune) for row in curve]
        _line(axes, [(s, b) for s, b in before if b is not None], colour, "o:", None)


def _by_method(row: Row) -> tuple[int, float]:
    return ORDER[row.method], row.sparsity


def _line(
    axes: Axes, points: list[tuple[float, Spread]], colour: object, style: str, label: str | None
) -> None:
    axes.errorbar(
        [100 * sparsity for sparsity, _ in points],
        [100 * spread.mean for _, spread in points],
        yerr=[100 * (spread.sd or 0.0) for _, spread in points],
        fmt=style,
        color=colour,
        label=label,
        markersize=4,
        capsize=2,
    )

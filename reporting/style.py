"""Colours, markers and dashes: a method or predictor looks the same in every figure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, StrMethodFormatter

from reporting.identity import method_order
from reporting.networks import Table
from reporting.records import FINETUNED_DENSE
from reporting.schema import METHODS

# Related methods have related colours, distinguishable by colour-blind readers where need be.
COLOURS = {
    "dense": "#000000",
    FINETUNED_DENSE: "#7f7f7f",
    "scalegmn_eq": "#0072b2",
    "scalegmn_mask": "#4b4bc3",
    "scalegmn_inv": "#56b4e9",
    "scalegmn_inv_guarded": "#00868b",
    "magnitude": "#d55e00",
    "magnitude_layer": "#e69f00",
    "imp": "#009e73",
    "imp_rewind": "#7cc68d",
    "l1": "#cc79a7",
    "gmp": "#8c564b",
    "snip": "#b8a800",
    "grasp": "#6b6b00",
    "lamp": "#f08080",
    "erk": "#1f3a93",
    "torch_pruning": "#2f4f4f",
    "random": "#7b3294",
    "shuffled": "#b9a0cc",
}
OTHER_COLOURS = ("#17becf", "#bcbd22", "#e377c2", "#2ca02c", "#ff9896", "#393b79", "#a55194")
PREDICTORS = {
    "ScaleGMN (scale), forward": "#0072b2",
    "ScaleGMN (scale), bidirectional": "#009e73",
    "GMN, forward": "#e69f00",
    "GMN, bidirectional": "#8c564b",
    "StatNN": "#d55e00",
    "MLP": "#7b3294",
}
MARKERS = "osD^vPX*"
# Of methods, in their order: what colour-blind readers tell related methods apart by.
OF_METHODS = "os^vD<>PXp*hdH8"
# Of a method's settings: lines, and points.
FILLS: tuple[Any, ...] = ("full", "none", "left", "top", "right")
DASHES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (4, 1.5, 1, 1.5)), (0, (2, 1)), (0, (1, 1.5)))


@dataclass(frozen=True)
class Look:
    """How a method with its settings is drawn.

    Args:
        colour: of the method.
        marker: of the method.
        dash: of its settings.
        fill: of its settings.
    """

    colour: str
    marker: str
    dash: Any
    fill: Any


def looks(table: Table) -> dict[tuple[str, str], Look]:
    """By method and label: one colour and marker for a method, one dash for its settings.

    A method's settings are in the order of their labels over the whole table.
    """
    rows = [row for section in table for row in section.rows]
    colours = method_colours(row.method for row in rows)
    place = place_methods(row.method for row in rows)
    labels: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        labels[row.method].add(row.label)
    return {
        (method, label): Look(
            colours[method],
            OF_METHODS[place[method] % len(OF_METHODS)],
            DASHES[number % len(DASHES)],
            FILLS[number % len(FILLS)],
        )
        for method, found in labels.items()
        for number, label in enumerate(sorted(found))
    }


def legend_beside(axes: Axes, handles: Sequence[Any]) -> None:
    """A legend on the right of a panel."""
    axes.legend(
        handles=list(handles),
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        borderaxespad=0.0,
        fontsize="small",
        frameon=False,
        handlelength=3.0,
    )


def method_colours(methods: Iterable[str]) -> dict[str, str]:
    """Colours of the known methods, and of others in the order of their names."""
    return _colours(methods, COLOURS)


def predictor_colours(names: Iterable[str]) -> dict[str, str]:
    """Colours of the known predictors, and of others in the order of their names."""
    return _colours(names, PREDICTORS)


def shade(colour: str, strength: float) -> tuple[float, float, float]:
    """A colour mixed with white: 1 is the colour itself, 0 is white."""
    red, green, blue = to_rgb(colour)
    return tuple(1 - strength * (1 - part) for part in (red, green, blue))  # type: ignore[return-value]


def place_methods(methods: Iterable[str]) -> dict[str, int]:
    """Order of methods in tables and legends."""
    return method_order(methods, (METHODS[0], FINETUNED_DENSE, *METHODS[1:]))


def plain_ticks(axes: Axes, values: Sequence[float | int], *, form: str = "{x:g}") -> None:
    """Ticks of the x axis at these values only, written out."""
    axes.set_xticks(values)
    axes.xaxis.set_major_formatter(StrMethodFormatter(form))
    axes.xaxis.set_minor_locator(NullLocator())


def explain(figure: Figure, sentences: Iterable[str]) -> None:
    """Write below all panels what marks mean."""
    text = "\n".join(dict.fromkeys(sentences))
    if text:
        figure.supxlabel(text, x=0.01, ha="left", fontsize="small")


def _colours(names: Iterable[str], known: dict[str, str]) -> dict[str, str]:
    others = sorted(set(names) - known.keys())
    return known | {name: OTHER_COLOURS[i % len(OTHER_COLOURS)] for i, name in enumerate(others)}

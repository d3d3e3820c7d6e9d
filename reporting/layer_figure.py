"""Figures of values by layer."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure


def layer_figure(
    fractions: Mapping[str, Mapping[str, float]], *, colours: Mapping[str, Any] | None = None
) -> Figure:
    """Bar chart with a group of bars per layer, and in it a bar for each series.

    Args:
        fractions: by name of the series, fractions of zeros by name of the layer.
        colours: by name of the series; those of matplotlib where missing.
    """
    layers = list(next(iter(fractions.values())))
    figure = Figure(figsize=(max(8, 4 + 0.6 * len(layers)), 4), layout="constrained")
    axes = figure.subplots()
    width = 0.8 / len(fractions)
    for i, (label, values) in enumerate(fractions.items()):
        places = np.arange(len(layers)) + (i - (len(fractions) - 1) / 2) * width
        heights = [100 * values[layer] for layer in layers]
        axes.bar(places, heights, width, label=label, color=(colours or {}).get(label))
    axes.set_xticks(range(len(layers)), layers, rotation=30, ha="right")
    axes.set(ylabel="zeros (%)", ylim=(0, 100))
    figure.legend(loc="outside right upper", fontsize="small", frameon=False)
    return figure

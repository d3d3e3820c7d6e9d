"""A bar chart over layers."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure


def layer_figure(fractions: Mapping[str, Mapping[str, float]]) -> Figure:
    """A group of bars per layer, with a bar for each series.

    Args:
        fractions: by name of the series, fractions of zeros by name of the layer.
    """
    layers = list(next(iter(fractions.values())))
    figure = Figure(figsize=(max(7, 2.5 + 0.6 * len(layers)), 4), layout="constrained")
    axes = figure.subplots()
    width = 0.8 / len(fractions)
    for i, (label, values) in enumerate(fractions.items()):
        places = np.arange(len(layers)) + (i - (len(fractions) - 1) / 2) * width
        axes.bar(places, [100 * values[layer] for layer in layers], width, label=label)
    axes.set_xticks(range(len(layers)), layers, rotation=30, ha="right")
    axes.set(ylabel="zeros (%)", ylim=(0, 100))
    figure.legend(loc="outside right upper", fontsize="small")
    return figure

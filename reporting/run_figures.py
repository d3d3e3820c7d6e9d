"""Figures of one run."""

from collections.abc import Mapping
from dataclasses import replace

from matplotlib.figure import Figure
from torch import Tensor

from reporting.collect import Run
from reporting.curves import plot_curves
from reporting.layer_figure import layer_figure
from reporting.networks import tabulate
from reporting.rows import PrunedRow
from reporting.schema import Results
from reporting.style import method_colours, shade
from scalegmn.pruning import SparsityCount
from scalegmn.pruning.weights import is_weight

# Bars of the lowest sparsity are this strong, those of 100 % have the method's own colour.
PALEST = 0.25


def run_figures(results: Results, states: Mapping[str, Mapping[str, Tensor]]) -> dict[str, Figure]:
    """Test accuracy over sparsity, and fractions of zeros by layer.

    Args:
        results: of the run.
        states: by :func:`row_label`, the state dict of each pruned network.

    Returns:
        ``accuracy`` if the run pruned networks, and ``layers`` if there are states.
    """
    figures = {}
    # The seed's own run is shown also where it is one for debugging.
    accuracy = plot_curves(tabulate([Run(_without_debug(results))]))
    if accuracy is not None:
        figures["accuracy"] = accuracy
    if states:
        zeros = {label: _zeros(state) for label, state in states.items()}
        figures["layers"] = layer_figure(zeros, colours=_shades(results))
    return figures


def row_label(results: Results, row: PrunedRow) -> str:
    """Name of a pruned network in a figure of its run, such as ``magnitude 90 %``."""
    return f"{row.method or results.method} {100 * row.sparsity:g} %"


def _without_debug(results: Results) -> Results:
    return replace(results, debug=None)


def _zeros(state: Mapping[str, Tensor]) -> dict[str, float]:
    weights = {name: tensor for name, tensor in state.items() if is_weight(tensor)}
    return {name: SparsityCount.of({name: w}).weight_sparsity for name, w in weights.items()}


def _shades(results: Results) -> dict[str, tuple[float, float, float]]:
    """Colours by :func:`row_label`: of the method, the stronger the sparser."""
    colours = method_colours(str(row.method or results.method) for row in results.pruned)
    places = sorted({row.sparsity for row in results.pruned})
    strength = {s: 1 - (1 - PALEST) * (1 - (i + 1) / len(places)) for i, s in enumerate(places)}
    return {
        row_label(results, row): shade(
            colours[str(row.method or results.method)], strength[row.sparsity]
        )
        for row in results.pruned
    }

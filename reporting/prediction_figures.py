"""Figures of predicted and true accuracies."""

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scalegmn.predictor import Predictions

# Upper ends of the bands of sparsity; networks that were not pruned have their own.
BANDS = (0.0, 0.25, 0.5, 0.75, 1.0)
BINS = 10


def scatter_figure(predictions: Predictions, title: str) -> Figure:
    """Predicted over true accuracy, a point per network, coloured by sparsity where there is any.

    Args:
        predictions: of a split.
        title: of the figure; the scores are added.
    """
    figure = Figure(figsize=(6, 5.5), layout="constrained")
    axes = figure.subplots()
    label, predicted = 100 * predictions.label.numpy(), 100 * predictions.predicted.numpy()
    sparsity = 100 * predictions.sparsity.numpy()
    points = axes.scatter(label, predicted, c=sparsity, s=6, cmap="viridis", vmin=0, vmax=100)
    if sparsity.any():
        figure.colorbar(points, label="sparsity (%)")
    scores = predictions.scores()
    summary = f"τ {scores['kendall_tau']:.4f}, R² {scores['r2']:.4f}, {len(predictions)} networks"
    _frame(axes, f"{title}\n{summary}", "true accuracy (%)", "predicted accuracy (%)")
    return figure


def calibration_figure(predictions: Predictions, title: str) -> Figure:
    """Mean true over mean predicted accuracy, a line for each band of sparsity.

    A line's points are equal shares of its networks, in the order of their predictions; bars are
    standard errors.

    Args:
        predictions: of a split.
        title: of the figure.
    """
    figure = Figure(figsize=(8, 5.5), layout="constrained")
    axes = figure.subplots()
    for name, band in _bands(predictions.sparsity.numpy()):
        predicted = 100 * predictions.predicted.numpy()[band]
        label = 100 * predictions.label.numpy()[band]
        order = np.argsort(predicted, kind="stable")
        shares = [s for s in np.array_split(order, min(BINS, len(order))) if len(s)]
        axes.errorbar(
            [predicted[share].mean() for share in shares],
            [label[share].mean() for share in shares],
            yerr=[label[share].std() / np.sqrt(len(share)) for share in shares],
            fmt="o-",
            markersize=4,
            capsize=2,
            label=f"{name}: {len(order)} networks",
        )
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), fontsize="small", frameon=False)
    _frame(axes, title, "mean predicted accuracy (%)", "mean true accuracy (%)")
    return figure


def _bands(sparsity: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Name of each band and the indices of its networks; empty bands are left out."""
    below = -1.0
    for end in BANDS:
        band = ((sparsity > below) & (sparsity <= end)).nonzero()[0]
        if len(band):
            yield ("not pruned" if end == 0 else f"sparsity up to {100 * end:g} %"), band
        below = end


def _frame(axes: Axes, title: str, x: str, y: str) -> None:
    axes.axline((0, 0), slope=1, color="gray", linestyle="--", linewidth=1)
    axes.set(title=title, xlabel=x, ylabel=y)

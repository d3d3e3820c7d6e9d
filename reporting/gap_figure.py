"""Figure of promised and actual accuracies over sparsity."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from reporting.rows import PrunedRow
from reporting.schema import Results

PROMISED, ACTUAL = "#56b4e9", "#d55e00"
COLUMNS = ("sparsity", "val/predicted", "val/accuracy")
Points = Sequence[tuple[float, float, float]]


def gap_figure(results: Results, trajectories: Sequence[Points] = ()) -> Figure | None:
    """What a method's predictor promised and what its networks did, over sparsity.

    Lines are the network on its way, one point per validation; markers are the candidates, right
    after pruning, and what they did after fine-tuning. All accuracies are on validation images.

    Args:
        results: of the run.
        trajectories: of each round, see :func:`read_trajectory`; a round may begin before the end
            of the last one, where a guard went back.

    Returns:
        ``None`` if the run's method follows no predictor.
    """
    rows = [row for row in results.pruned if row.gap is not None]
    if not rows:
        return None
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    for trajectory in trajectories:
        x = [100 * sparsity for sparsity, _, _ in trajectory]
        axes.plot(x, [100 * promised for _, promised, _ in trajectory], color=PROMISED, lw=1)
        axes.plot(x, [100 * actual for _, _, actual in trajectory], color=ACTUAL, lw=1)
    hollow = {"color": ACTUAL, "marker": "D", "markerfacecolor": "white"}
    series: list[tuple[str, Callable[[PrunedRow], float | None], dict[str, Any]]] = [
        ("promised", lambda row: row.predicted_acc, {"color": PROMISED, "marker": "o"}),
        ("actual", lambda row: row.val_acc_before_finetune, {"color": ACTUAL, "marker": "s"}),
        ("actual, fine-tuned", lambda row: row.val_acc, hollow),
    ]
    for label, value, style in series:
        points = [(row.sparsity, found) for row in rows if (found := value(row)) is not None]
        at, height = ([100 * point[axis] for point in points] for axis in (0, 1))
        axes.plot(at, height, ls="none", label=label, **style)
    axes.set(title=_title(results), xlabel="sparsity (%)", ylabel="validation accuracy (%)")
    axes.grid(alpha=0.25)
    axes.legend(frameon=False, fontsize="small")
    return figure


def read_trajectory(metrics: Path) -> list[tuple[float, float, float]]:
    """Sparsity, promised and actual accuracy of each epoch in ``metrics.csv`` that has all three.

    Args:
        metrics: the file; without it there are none.
    """
    if not metrics.exists():
        return []
    with metrics.open(newline="") as stream:
        rows = [[row.get(name) for name in COLUMNS] for row in csv.DictReader(stream)]
    return [(float(s), float(p), float(a)) for s, p, a in rows if s and p and a]


def _title(results: Results) -> str:
    if results.guidance is None:
        return str(results.method)
    guard = results.guidance.guard
    learnt = ", which learnt test accuracies" if results.guidance.test_labels else ""
    return f"{results.method}, guard {guard}: {results.guidance.predictor}{learnt}"

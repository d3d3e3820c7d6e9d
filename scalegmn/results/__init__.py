"""What runs report, and the table made of it."""

from scalegmn.results.collect import collect
from scalegmn.results.curves import plot_curves
from scalegmn.results.learning_curves import learning_curves, plot_learning_curves
from scalegmn.results.predictors import PredictorTable, tabulate_predictors, without_scores
from scalegmn.results.predictors_render import (
    plot_predictors,
    predictors_to_csv,
    predictors_to_markdown,
)
from scalegmn.results.render import to_csv, to_markdown
from scalegmn.results.schema import METHODS, DenseRow, PrunedRow, Results
from scalegmn.results.table import Table, tabulate

__all__ = [
    "METHODS",
    "DenseRow",
    "PredictorTable",
    "PrunedRow",
    "Results",
    "Table",
    "collect",
    "plot_curves",
    "learning_curves",
    "plot_learning_curves",
    "plot_predictors",
    "predictors_to_csv",
    "predictors_to_markdown",
    "tabulate",
    "tabulate_predictors",
    "to_csv",
    "to_markdown",
    "without_scores",
]

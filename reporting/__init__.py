"""Results of runs, and the tables and figures made of them."""

from reporting.collect import collect
from reporting.curves import plot_curves
from reporting.learning_curves import learning_curves, plot_learning_curves
from reporting.predictors import PredictorTable, tabulate_predictors, without_scores
from reporting.predictors_render import (
    plot_predictors,
    predictors_to_csv,
    predictors_to_markdown,
)
from reporting.render import to_csv, to_markdown
from reporting.schema import METHODS, DenseRow, FineTuneRate, PrunedRow, Results
from reporting.table import Table, tabulate

__all__ = [
    "METHODS",
    "DenseRow",
    "FineTuneRate",
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

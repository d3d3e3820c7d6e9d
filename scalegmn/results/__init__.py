"""What runs report, and the table made of it."""

from scalegmn.results.collect import collect
from scalegmn.results.curves import plot_curves
from scalegmn.results.render import to_csv, to_markdown
from scalegmn.results.schema import METHODS, DenseRow, PrunedRow, Results
from scalegmn.results.table import Table, tabulate

__all__ = [
    "METHODS",
    "DenseRow",
    "PrunedRow",
    "Results",
    "Table",
    "collect",
    "plot_curves",
    "tabulate",
    "to_csv",
    "to_markdown",
]

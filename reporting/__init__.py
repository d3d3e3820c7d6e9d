"""Results of runs, and the tables and figures made of them.

Tables and figures are in modules of their own, so that a run that only writes results need not
import pandas and matplotlib.
"""

from reporting.collect import Run, collect
from reporting.guidance import Guidance
from reporting.rows import DenseRow, FineTuneRate, LayerRow, PrunedRow
from reporting.schema import METHODS, Results

__all__ = [
    "METHODS",
    "DenseRow",
    "FineTuneRate",
    "Guidance",
    "LayerRow",
    "PrunedRow",
    "Results",
    "Run",
    "collect",
]

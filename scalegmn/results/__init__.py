"""What runs report, and the table made of it."""

from scalegmn.results.schema import METHODS, DenseRow, PrunedRow, Results

__all__ = ["METHODS", "DenseRow", "PrunedRow", "Results"]

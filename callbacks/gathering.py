"""What all callbacks of a trainer report together."""

from lightning import Callback, Trainer

from callbacks.protocols import ReportsDense, ReportsMetrics, ReportsRows
from reporting import DenseRow, PrunedRow


def gathered_dense(trainer: Trainer) -> DenseRow | None:
    """The dense row, if any callback has one."""
    rows = (c.dense_row() for c in _callbacks(trainer) if isinstance(c, ReportsDense))
    return next((row for row in rows if row is not None), None)


def gathered_rows(trainer: Trainer) -> list[PrunedRow]:
    """The pruned rows, in the order of the callbacks."""
    reporting = (c for c in _callbacks(trainer) if isinstance(c, ReportsRows))
    return [row for callback in reporting for row in callback.pruned_rows()]


def gathered_metrics(trainer: Trainer) -> dict[str, float | int]:
    """All other metrics."""
    reporting = (c for c in _callbacks(trainer) if isinstance(c, ReportsMetrics))
    return {name: value for c in reporting for name, value in c.metrics().items()}


def _callbacks(trainer: Trainer) -> list[Callback]:
    return trainer.callbacks  # type: ignore[attr-defined]

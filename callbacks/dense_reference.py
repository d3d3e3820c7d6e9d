"""How the network does before it is pruned."""

from pathlib import Path

from lightning import Callback, LightningModule, Trainer

from callbacks.inner_training import InnerTraining
from callbacks.protocols import offering_target
from scalegmn.formats import read_metadata
from scalegmn.results import DenseRow


class DenseReference(Callback):
    """Measures the target as it came, for the dense row of the results.

    Networks that were not trained here are taken to have seen the validation images, unless their
    file says otherwise::

        dense_reference:
          _target_: callbacks.dense_reference.DenseReference
          inner: ${inner}
          weights: ${target.weights}

    Args:
        inner: does the evaluation.
        weights: the file that the target comes from; ``None`` if it was trained in this run.
    """

    def __init__(self, inner: InnerTraining, *, weights: str | Path | None) -> None:
        self.inner = inner
        self.weights = weights
        self._row: DenseRow | None = None

    def dense_row(self) -> DenseRow | None:
        return self._row

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        target = offering_target(pl_module).target
        saw_validation = _saw_validation(self.weights)
        self._row = self.inner.dense_row(trainer, target, saw_validation=saw_validation)


def _saw_validation(weights: str | Path | None) -> bool:
    return weights is not None and read_metadata(weights).get("saw_validation") != "false"

"""How the network does before it is pruned."""

from collections.abc import Mapping

from lightning import Callback, LightningModule, Trainer

from callbacks.inner_training import InnerTraining
from callbacks.protocols import offering_target
from reporting import DenseRow


class DenseReference(Callback):
    """Measures the target as it came, for the dense row of the results.

    ::

        dense_reference:
          _target_: callbacks.dense_reference.DenseReference
          inner: ${inner}
          metadata: ${metadata}

    Args:
        inner: does the evaluation.
        metadata: what is known of the target: ``saw_validation``.
    """

    def __init__(self, inner: InnerTraining, *, metadata: Mapping[str, str]) -> None:
        self.inner = inner
        self.saw_validation = metadata["saw_validation"] == "true"
        self._row: DenseRow | None = None

    def dense_row(self) -> DenseRow | None:
        return self._row

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        target = offering_target(pl_module).target
        self._row = self.inner.dense_row(trainer, target, saw_validation=self.saw_validation)

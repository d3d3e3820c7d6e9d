"""The trained network as a file, and its row in the results."""

from collections.abc import Mapping
from pathlib import Path

from lightning import Callback, LightningModule, Trainer

from callbacks.inner_training import InnerTraining
from callbacks.protocols import holding_mask
from pipelines.best_weights import load_best
from reporting import DenseRow
from scalegmn.formats import save_network


class DenseNetwork(Callback):
    """When a network is trained: writes its best weights to a file, and tests them.

    ::

        dense_network:
          _target_: callbacks.dense_network.DenseNetwork
          inner: ${inner}
          file: ${paths.run_dir}/dense.safetensors
          metadata: ${metadata}

    Args:
        inner: does the evaluation.
        file: where the network goes.
        metadata: what the file says about it; ``saw_validation`` is also reported.
    """

    def __init__(
        self, inner: InnerTraining, *, file: str | Path, metadata: Mapping[str, str]
    ) -> None:
        self.inner = inner
        self.file = Path(file)
        self.metadata = metadata
        self._row: DenseRow | None = None

    def dense_row(self) -> DenseRow | None:
        return self._row

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        load_best(trainer, pl_module)
        net = holding_mask(pl_module).net
        saw_validation = self.metadata["saw_validation"] == "true"
        self._row = self.inner.dense_row(trainer, net, saw_validation=saw_validation)
        if trainer.is_global_zero:
            own = {"method": "dense", "sparsity": "0"}
            save_network(self.file, net.state_dict(), {**self.metadata, **own})

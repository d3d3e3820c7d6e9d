"""How many parameters are nearly zero while an operator is trained."""

from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor

from callbacks.protocols import offering_target
from reporting.layer_figure import layer_figure


class SparsityMonitor(Callback):
    """Shows the magnitudes of the offered parameters in TensorBoard, layer by layer.

    Scalars ``near_zero/<layer>``, a histogram of log10 magnitudes per layer, and a bar chart::

        sparsity_monitor:
          _target_: callbacks.sparsity_monitor.SparsityMonitor
          threshold: 1e-3
          every_n_epochs: 10

    Args:
        threshold: magnitudes below count as nearly zero.
        every_n_epochs: how often to look; the last epoch is always looked at.
    """

    def __init__(self, *, threshold: float = 1e-3, every_n_epochs: int = 10) -> None:
        self.threshold = threshold
        self.every_n_epochs = every_n_epochs

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        done = trainer.current_epoch + 1
        last = done == trainer.max_epochs
        if not trainer.is_global_zero or (done % self.every_n_epochs and not last):
            return
        params = offering_target(pl_module).target_parameters()
        near_zero = {name: self._fraction(p) for name, p in params.items()}
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoardLogger):
                self._show(logger, params, near_zero, trainer.global_step)

    def _fraction(self, parameter: Tensor) -> float:
        return float((parameter.abs() < self.threshold).float().mean())

    def _show(
        self,
        logger: TensorBoardLogger,
        params: dict[str, Tensor],
        near_zero: dict[str, float],
        step: int,
    ) -> None:
        board = logger.experiment
        for name, parameter in params.items():
            board.add_scalar(f"near_zero/{name}", near_zero[name], step)
            # Exact zeros, whose logarithm is infinite, are shown at the lower end.
            magnitudes = parameter.abs().clamp_min(1e-12).log10()
            board.add_histogram(f"log10_magnitude/{name}", magnitudes, step)
        title = f"below {self.threshold:g}"
        board.add_figure("near_zero", layer_figure({title: near_zero}), step)

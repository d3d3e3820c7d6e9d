"""Show how many parameters are nearly zero."""

from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor


class SparsityMonitor(Callback):
    """Show the magnitudes of parameters in TensorBoard, layer by layer.

    Scalars ``near_zero/<layer>`` and a histogram of log10 magnitudes per layer::

        sparsity_monitor:
          _target_: callbacks.SparsityMonitor
          threshold: 1e-3
          every_n_epochs: 10

    Args:
        threshold: magnitudes below count as nearly zero.
        every_n_epochs: how often to look; the last epoch is always looked at.
        params: the module's method that returns the parameters to look at, by name, detached.

    Raises:
        ValueError: if ``every_n_epochs`` is below 1.
    """

    def __init__(
        self, *, threshold: float = 1e-3, every_n_epochs: int = 10, params: str = "rewritten"
    ) -> None:
        if every_n_epochs < 1:
            raise ValueError(f"every_n_epochs must be at least 1, got {every_n_epochs}")
        self.params = params
        self.threshold = threshold
        self.every_n_epochs = every_n_epochs

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        done = trainer.current_epoch + 1
        last = done == trainer.max_epochs
        if not trainer.is_global_zero or (done % self.every_n_epochs and not last):
            return
        params = getattr(pl_module, self.params)()
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

"""Show how many parameters are nearly zero."""

from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor


class SparsityMonitor(Callback):
    """Show the magnitudes of parameters in TensorBoard, layer by layer.

    Scalars ``near_zero/<parameter>``, the fraction of magnitudes below the threshold, and
    histograms ``log10_magnitude/<parameter>``. Without a ``TensorBoardLogger`` nothing happens::

        sparsity_monitor:
          _target_: callbacks.SparsityMonitor
          threshold: 1e-3
          every_n_epochs: 10

    Args:
        threshold: magnitudes below count as nearly zero.
        every_n_epochs: how often to look; the last epoch is always looked at.
        params: the name of the LightningModule's method that returns the parameters to look at, by
            name, detached. Only rank 0 calls it.

    Raises:
        ValueError: if a number is not above 0, or, when a fit starts, the module has no such
            method.
    """

    def __init__(
        self, *, threshold: float = 1e-3, every_n_epochs: int = 10, params: str = "rewritten"
    ) -> None:
        if not threshold > 0:
            raise ValueError(f"threshold must be above 0, got {threshold}")
        if every_n_epochs < 1:
            raise ValueError(f"every_n_epochs must be at least 1, got {every_n_epochs}")
        self.threshold = threshold
        self.every_n_epochs = every_n_epochs
        self.params = params

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not callable(getattr(pl_module, self.params, None)):
            raise ValueError(
                f"{type(pl_module).__name__} has no method {self.params}(): write one that returns "
                "the parameters to look at, or name another one (params=...)"
            )

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        loggers = [x for x in trainer.loggers if isinstance(x, TensorBoardLogger)]
        done = trainer.current_epoch + 1
        due = done % self.every_n_epochs == 0 or done == trainer.max_epochs or trainer.should_stop
        if not (loggers and due and trainer.is_global_zero):
            return
        params: dict[str, Tensor] = getattr(pl_module, self.params)()
        for logger in loggers:
            for name, parameter in params.items():
                self._show(logger, name, parameter, trainer.global_step)

    def _show(self, logger: TensorBoardLogger, name: str, parameter: Tensor, step: int) -> None:
        magnitudes = parameter.detach().abs().float()
        near_zero = float((magnitudes < self.threshold).float().mean())
        logger.experiment.add_scalar(f"near_zero/{name}", near_zero, step)
        # Exact zeros, whose logarithm is infinite, are shown at the lower end.
        logs = magnitudes.clamp_min(1e-12).log10()
        finite = logs[logs.isfinite()]
        if finite.numel():
            logger.experiment.add_histogram(f"log10_magnitude/{name}", finite, step)

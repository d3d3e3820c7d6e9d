"""Pruning a network as it is."""

from lightning import LightningModule
from torch import Tensor, nn
from torch.optim import Optimizer


class OneShotPruner(LightningModule):
    """Offers a network's own parameters for pruning and trains nothing.

    Its fit ends before the first epoch, and so goes through the same callbacks as a method that
    trains something first: the same selection, fine-tuning and evaluation.

    Args:
        target: the dense network.
    """

    def __init__(self, target: nn.Module) -> None:
        super().__init__()
        self.target = target

    def target_parameters(self) -> dict[str, Tensor]:
        return {name: p.detach().clone() for name, p in self.target.named_parameters()}

    def training_step(self, batch: object, batch_idx: int) -> None:
        """Never called; Lightning asks for one."""

    def validation_step(self, batch: object, batch_idx: int) -> None:
        """Likewise."""

    def configure_optimizers(self) -> list[Optimizer]:
        return []

    def on_fit_start(self) -> None:
        self.trainer.should_stop = True

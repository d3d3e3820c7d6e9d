"""Train a network to classify images."""

from collections.abc import Sequence

import torch.nn.functional as F
from jaxtyping import Float, Int64
from lightning import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.optim import Adam

from lightning_modules.ddp_loss_weight import ddp_loss_weight
from lightning_modules.evaluation import Evaluation
from lightning_modules.mean import Mean
from lightning_modules.schedule import OptimizerFactory, Schedule, scheduled
from scalegmn.arguments import check_number

# Images (n, c, h, w) and labels (n,), in a tuple or, as PyTorch collates them, a list.
Batch = Sequence[Tensor]


class Classifier(LightningModule):
    """Minimise the cross-entropy of a network.

    Args:
        net: maps images ``(n, c, h, w)`` to logits ``(n, class)``.
        optimizer: makes an optimizer for the network's parameters.
        scheduler: how its learning rate changes; ``None`` for not at all.
        label_smoothing: of the training loss; validation and test use plain cross-entropy.
        first_epoch: epochs of the schedule that are left out; the fit begins with the learning rate
            that comes after them.

    Raises:
        ValueError: if ``label_smoothing`` is not between 0 and 1.
    """

    def __init__(
        self,
        net: nn.Module,
        *,
        optimizer: OptimizerFactory = Adam,
        scheduler: Schedule | None = None,
        label_smoothing: float = 0.0,
        first_epoch: int = 0,
    ) -> None:
        super().__init__()
        check_number("label_smoothing", label_smoothing, least=0, most=1)
        self.net = net
        self.optimizer = optimizer
        self.scheduler = scheduler
        self.label_smoothing = label_smoothing
        self.first_epoch = first_epoch
        self.train_loss = Mean()
        self.val = Evaluation("val")
        self.test = Evaluation("test")

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n class"]:
        return self.net(x)

    def training_loss(
        self, x: Float[Tensor, "n c h w"], y: Int64[Tensor, " n"]
    ) -> Float[Tensor, ""]:
        """What is minimised, the mean over a batch."""
        return F.cross_entropy(self.net(x), y, label_smoothing=self.label_smoothing)

    def training_step(self, batch: Batch, batch_idx: int) -> Float[Tensor, ""]:
        x, y = batch
        loss = self.training_loss(x, y)
        self.train_loss.update(loss.detach() * len(y), len(y))
        if self.trainer.is_last_batch:
            # Once is enough: logging costs more than a small network's forward pass.
            self.log("train/loss", self.train_loss, on_step=False, on_epoch=True)
        return ddp_loss_weight(self.trainer, len(y)) * loss

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        x, y = batch
        self.val.update(self.net(x), y)
        self.log_dict(self.val.metrics, prog_bar=True)

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        x, y = batch
        self.test.update(self.net(x), y)
        self.log_dict(self.test.metrics)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        skip = self.first_epoch
        if skip and self.scheduler is not None and self.scheduler.interval == "step":
            steps = int(self.trainer.estimated_stepping_batches)
            skip *= steps // (self.trainer.max_epochs or 1)
        return scheduled(self.net.parameters(), self.optimizer, self.scheduler, skip=skip)

"""Train a classifier of INRs."""

from collections.abc import Mapping
from typing import Any

import torch.nn.functional as F
from jaxtyping import Float
from lightning import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor

from lightning_modules.ddp_loss_weight import ddp_loss_weight
from lightning_modules.evaluation import Evaluation
from lightning_modules.mean import Mean
from lightning_modules.schedule import OptimizerFactory, Schedule, scheduled
from scalegmn.inr import INRBatch, siren_graph
from scalegmn.predictor import ReaderConfig
from scalegmn.targets import Siren


class INRClassifier(LightningModule):
    """Minimise the cross-entropy of the class that a reader sees in an INR's parameters.

    Reference: Navon et al., *Equivariant Architectures for Learning in Deep Weight Spaces*, 2023,
    arXiv:2301.12780; Kalogeropoulos et al., 2024, arXiv:2406.10685, section 6.1.

    Args:
        siren: the architecture of the INRs.
        num_classes: number of labels.
        recipe: config of the reader.
        optimizer: makes an optimizer for the reader's parameters.
        scheduler: how its learning rate changes; ``None`` for not at all.
        compile: arguments of ``torch.compile`` for the reader; ``None`` to run it as it is.
    """

    def __init__(
        self,
        siren: Siren,
        num_classes: int,
        *,
        recipe: ReaderConfig,
        optimizer: OptimizerFactory,
        scheduler: Schedule | None = None,
        compile: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.recipe = recipe
        self.graph = siren_graph(siren)
        self.reader = recipe.build(self.graph, num_classes)
        if compile is not None:
            self.reader.compile(**compile)
        self.optimizer = optimizer
        self.scheduler = scheduler
        self.train_loss = Mean()
        self.val = Evaluation("val")
        self.test = Evaluation("test")

    def forward(self, batch: INRBatch) -> Float[Tensor, "inr class"]:
        """Logits."""
        # Of the reader's type, also with trainer.precision=64-true.
        params = {name: p.to(self.dtype) for name, p in batch.parameters.items()}
        return self.reader(self.graph, params)

    def training_step(self, batch: INRBatch, batch_idx: int) -> Float[Tensor, ""]:
        loss, n = F.cross_entropy(self(batch), batch.label), len(batch.label)
        self.train_loss.update(loss.detach() * n, n)
        if self.trainer.is_last_batch:
            # Once is enough: logging costs time.
            self.log("train/loss", self.train_loss, on_step=False, on_epoch=True)
        return ddp_loss_weight(self.trainer, n) * loss

    def validation_step(self, batch: INRBatch, batch_idx: int) -> None:
        self.val.update(self(batch), batch.label)
        self.log_dict(self.val.metrics, prog_bar=True)

    def test_step(self, batch: INRBatch, batch_idx: int) -> None:
        self.test.update(self(batch), batch.label)
        self.log_dict(self.test.metrics)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        return scheduled(self.reader.parameters(), self.optimizer, self.scheduler)

"""Train a predictor of accuracies on a zoo of networks."""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from jaxtyping import Float
from lightning import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn

from lightning_modules.ddp_loss_weight import ddp_loss_weight
from lightning_modules.gathered_predictions import GatheredPredictions
from lightning_modules.mean import Mean
from lightning_modules.schedule import OptimizerFactory, Schedule, scheduled
from scalegmn.predictor import AccuracyPredictor, Predictions
from scalegmn.zoo import NetworkBatch


class Predictor(LightningModule):
    r"""Minimise the distance of :math:`\sigma(f(G, \theta))` from measured accuracies.

    Kendall's τ-b, R² and the mean absolute error are those of a whole split, on any number of
    processes.

    Args:
        predictor: reads networks of the zoo's architecture.
        loss: of logits ``(n,)`` and accuracies ``(n,)``, a mean over networks.
        optimizer: makes an optimizer for the reader's parameters.
        scheduler: how its learning rate changes; ``None`` for not at all.
        compile: arguments of ``torch.compile`` for the reader; ``None`` to run it as it is.

    Raises:
        ValueError: in the first step, if the reader has no symmetry that suits the networks'
            activations; after an epoch, if it predicts NaN.
    """

    def __init__(
        self,
        predictor: AccuracyPredictor,
        *,
        loss: nn.Module,
        optimizer: OptimizerFactory,
        scheduler: Schedule | None = None,
        compile: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.predictor = predictor
        if compile is not None:
            predictor.reader.compile(**compile)
        self.loss = loss
        self.optimizer = optimizer
        self.scheduler = scheduler
        self.train_loss = Mean()
        self.val_loss = Mean()
        self.val = GatheredPredictions()
        self.test = GatheredPredictions()

    def forward(self, batch: NetworkBatch) -> Float[Tensor, " n"]:
        """Logits."""
        # Of the predictor's type, also outside of the trainer's steps (trainer.precision=64-true).
        parameters = {name: t.to(self.dtype) for name, t in batch.parameters.items()}
        return self.predictor.logit(self.predictor.graph, parameters, batch.sign)

    def on_train_batch_start(self, batch: NetworkBatch, batch_idx: int) -> None:
        if self.global_step == 0:
            self._check_activations(batch)

    def training_step(self, batch: NetworkBatch, batch_idx: int) -> Float[Tensor, ""]:
        loss, n = self.training_loss(batch), len(batch.label)
        self.train_loss.update(loss.detach() * n, n)
        if self.trainer.is_last_batch:
            # Once is enough: logging costs time.
            self.log("train/loss", self.train_loss, on_step=False, on_epoch=True)
        return ddp_loss_weight(self.trainer, n) * loss

    def training_loss(self, batch: NetworkBatch) -> Float[Tensor, ""]:
        """What is minimised on a batch."""
        return self.loss(self(batch), batch.label)

    def validation_step(self, batch: NetworkBatch, batch_idx: int) -> None:
        logit, n = self(batch), len(batch.label)
        self.val.update(logit, batch.label, batch.sparsity)
        self.val_loss.update(self.loss(logit, batch.label) * n, n)
        self.log("val/loss", self.val_loss)

    def on_validation_epoch_end(self) -> None:
        self._log_scores("val", self.val)

    def test_step(self, batch: NetworkBatch, batch_idx: int) -> None:
        self.test.update(self(batch), batch.label, batch.sparsity)

    def on_test_epoch_end(self) -> None:
        self._log_scores("test", self.test)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        return scheduled(self.predictor.parameters(), self.optimizer, self.scheduler)

    @torch.no_grad()
    def predictions(self, batches: Iterable[NetworkBatch]) -> Predictions:
        """Predictions for networks whose batches all processes share; all have to call this."""
        was_training, gathered = self.training, GatheredPredictions().to(self.device)
        self.eval()
        for batch in batches:
            gathered.update(self(batch), batch.label, batch.sparsity)
        self.train(was_training)
        return gathered.predictions()

    def _log_scores(self, split: str, gathered: GatheredPredictions) -> None:
        predictions = gathered.predictions()
        gathered.reset()
        if not predictions.predicted.isfinite().all():
            raise ValueError(
                f"{self.predictor.recipe.name} predicts NaN: it diverged, or met weights that are "
                "too small for it; lower optimizer.lr, choose another model/direction "
                "(bidirectional is bounded, bidirectional_inverse is not), or set "
                "trainer.precision=64-true"
            )
        scores = predictions.scores()
        named = {f"{split}/{name}": value for name, value in scores.items()}
        self.log_dict(named, prog_bar=True, sync_dist=True)

    def _check_activations(self, batch: NetworkBatch) -> None:
        recipe = self.predictor.recipe
        for sign, activation in ((True, "tanh"), (False, "relu")):
            if (batch.sign == sign).any() and not recipe.admits(sign):
                raise ValueError(
                    f"the zoo has {activation} networks, and {recipe.name} does not have their "
                    "symmetry: choose data.activation (relu, tanh) or another model/symmetry"
                )

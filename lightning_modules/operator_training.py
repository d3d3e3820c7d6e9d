"""Train a metanetwork on one network, so that what it makes of the network can be pruned."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from lightning import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.func import functional_call

from lightning_modules.classifier import Batch
from lightning_modules.ddp_loss_weight import ddp_loss_weight
from lightning_modules.evaluation import Evaluation
from lightning_modules.mean import Mean
from lightning_modules.ramp import Ramp
from lightning_modules.rewriting import Rewriting
from lightning_modules.schedule import OptimizerFactory, Schedule, scheduled
from scalegmn.graph import NetworkGraph, check_range, fold_batch_norm
from scalegmn.metanetwork import Operator
from scalegmn.scorer import Scorer


class OperatorTraining(LightningModule):
    r"""Minimise :math:`\lambda\, R(\varphi) + \mathrm{CE}(u_{G, \theta'_\varphi}(x), y)` over φ.

    The network u with its graph G and parameters θ is frozen; only the φ of the metanetwork that
    makes θ' of them is trained. Dropout inside u is active in training only. A subclass has
    :meth:`rewrite`, which makes θ' and the penalty R. Validation logs ``val/<penalty>`` and
    ``val/total`` with the full λ, so that epochs compare.

    Args:
        target: the dense network u; batch normalisation is folded.
        operator: makes the metanetwork for a graph.
        image_shape: channels, height and width of the images.
        penalty: name of R.
        weight: λ.
        optimizer: makes an optimizer for φ.
        scheduler: how its learning rate changes; ``None`` for not at all.
        ramp: how λ grows in training; ``None`` for the full λ from the start.
        batches_per_operator_step: how many batches of images share one pass through the operator,
            and one step of the optimizer, on the mean of their losses.
        compile: arguments of ``torch.compile`` for the operator; ``None`` to run it as it is.

    Raises:
        ValueError: if the graph cannot express a layer of the target, or no batch makes a step; at
            the start of a fit, if θ is not finite or too large for the metanetwork.
    """

    def __init__(
        self,
        target: nn.Module,
        *,
        operator: Callable[[NetworkGraph], nn.Module],
        image_shape: Sequence[int],
        penalty: str,
        weight: float,
        optimizer: OptimizerFactory,
        scheduler: Schedule | None,
        ramp: Ramp | None,
        batches_per_operator_step: int,
        compile: Mapping[str, Any] | None,
    ) -> None:
        super().__init__()
        if batches_per_operator_step < 1:
            raise ValueError(
                "model.batches_per_operator_step must be at least 1, "
                f"got {batches_per_operator_step}"
            )
        image = torch.zeros(1, *image_shape)
        self.target = fold_batch_norm(target, image).requires_grad_(False)
        self.graph = NetworkGraph.from_module(self.target, image)
        self.operator = operator(self.graph)
        if compile is not None:
            self.operator.compile(**compile)
        self.penalty = penalty
        self.weight = weight
        self.optimizer = optimizer
        self.scheduler = scheduler
        self.ramp = ramp
        self.train_loss = Mean()
        self.batches_per_operator_step = batches_per_operator_step
        self.val = Evaluation("val")
        self._rewriting: Rewriting | None = None
        self._validated: dict[str, Tensor] = {}
        self._penalty = torch.tensor(0.0)

    @abstractmethod
    def rewrite(self, *, training: bool) -> tuple[dict[str, Tensor], Float[Tensor, ""]]:
        """θ' by name, and the penalty R without its weight, both differentiable in φ.

        Args:
            training: for a step of training, where θ' may be random.
        """

    def forward(self) -> dict[str, Tensor]:
        """The rewritten parameters θ'."""
        return self._in_full_precision(training=False)[0]

    def rewritten(self) -> dict[str, Tensor]:
        """The rewritten parameters θ' by name, detached."""
        with torch.no_grad():
            return self()

    def on_fit_start(self) -> None:
        self._rewriting = None
        # Once and not in every step, which would wait for the device.
        rounds = (
            len(self.operator.gnn.layers) if isinstance(self.operator, Operator | Scorer) else 0
        )
        check_range(self.graph, dict(self.target.named_parameters()), rounds)
        self.trainer.accumulate_grad_batches = self.batches_per_operator_step

    def training_step(self, batch: Batch, batch_idx: int) -> Float[Tensor, ""]:
        x, y = batch
        step_ends = (batch_idx + 1) % self.batches_per_operator_step == 0
        last = step_ends or self.trainer.is_last_batch
        rewriting = self._rewriting or self._rewritten(batch_idx)
        logits = functional_call(self.target, rewriting.for_batch(last=last), (x,))
        error = F.cross_entropy(logits, y)
        self.train_loss.update((error + rewriting.penalty).detach() * len(y), len(y))
        if self.trainer.is_last_batch:
            # Once is enough: logging costs more than a small network's forward pass.
            self.log("train/loss", self.train_loss, on_step=False, on_epoch=True)
            if self.ramp is not None:
                self.log(f"train/{self.penalty}_weight", self._weight(batch_idx))
        self._rewriting = None if last else rewriting
        return rewriting.loss(ddp_loss_weight(self.trainer, len(y)) * error, last=last)

    def _in_full_precision(self, *, training: bool) -> tuple[dict[str, Tensor], Tensor]:
        # Never in half precision, whatever the images are seen in: a weight that is to go comes out
        # as the difference of two numbers that are nearly equal.
        with torch.autocast(self.device.type, enabled=False):
            return self.rewrite(training=training)

    def _rewritten(self, batch_idx: int) -> Rewriting:
        theta, penalty = self._in_full_precision(training=True)
        weight = self._weight(batch_idx)
        return Rewriting(theta, penalty=weight * penalty, divisor=self.batches_per_operator_step)

    def _weight(self, batch_idx: int) -> float:
        """λ in a step of training."""
        if self.ramp is None:
            return self.weight
        epochs = self.trainer.current_epoch + batch_idx / self.trainer.num_training_batches
        return self.weight * self.ramp(epochs / (self.trainer.max_epochs or 1))

    def on_validation_epoch_start(self) -> None:
        with torch.no_grad():
            self._validated, self._penalty = self._in_full_precision(training=False)

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        x, y = batch
        self.val.update(functional_call(self.target, self._validated, (x,)), y)
        self.log_dict(self.val.metrics, prog_bar=True)

    def on_validation_epoch_end(self) -> None:
        total = self.val.loss.compute() + self.weight * self._penalty
        measured = {f"val/{self.penalty}": self._penalty, "val/total": total}
        self.log_dict(measured, sync_dist=True)
        self._validated = {}

    def configure_optimizers(self) -> OptimizerLRScheduler:
        return scheduled(self.operator.parameters(), self.optimizer, self.scheduler)

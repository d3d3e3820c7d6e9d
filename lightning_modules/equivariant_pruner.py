"""Train a metanetwork to rewrite one network into one that can be pruned."""

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
from lightning_modules.rewriting import Rewriting
from lightning_modules.schedule import OptimizerFactory, Schedule, scheduled
from scalegmn.graph import NetworkGraph, check_range, fold_batch_norm
from scalegmn.metanetwork import Operator
from scalegmn.pruning import l1


class EquivariantPruner(LightningModule):
    r"""Learn :math:`\theta' = \theta + f_\varphi(G, \theta)`, sparse and as good as θ.

    .. math:: \min_\varphi \; \lambda \lVert \theta' \rVert_1 + \mathrm{CE}(u_{G, \theta'}(x), y)

    The network u with its graph G and parameters θ is frozen; only the operator's φ is trained.
    Dropout inside u is active in training only.

    Args:
        target: the dense network u; batch normalisation is folded.
        operator: makes, for a graph, a module that maps ``(graph, θ)`` to θ'.
        image_shape: channels, height and width of the images.
        l1_weight: λ, per unit of the sum (not the mean) of magnitudes.
        batches_per_operator_step: how many batches of images share one pass through the operator,
            and one step of the optimizer, on the mean of their losses.
        compile: arguments of ``torch.compile`` for the operator; ``None`` to run it as it is.
        optimizer: makes an optimizer for φ.
        scheduler: how its learning rate changes; ``None`` for not at all.

    Raises:
        ValueError: if the graph cannot express a layer of the target, or no batch makes a step; at
            the start of a fit, if θ is not finite or too large for the operator.
    """

    def __init__(
        self,
        target: nn.Module,
        *,
        operator: Callable[[NetworkGraph], nn.Module],
        image_shape: Sequence[int],
        l1_weight: float,
        optimizer: OptimizerFactory,
        scheduler: Schedule | None = None,
        batches_per_operator_step: int = 1,
        compile: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        if batches_per_operator_step < 1:
            raise ValueError(
                "model.batches_per_operator_step must be at least 1, "
                f"got {batches_per_operator_step}"
            )
        self.target = fold_batch_norm(target).requires_grad_(False)
        self.graph = NetworkGraph.from_module(self.target, torch.zeros(1, *image_shape))
        self.operator = operator(self.graph)
        if compile is not None:
            self.operator.compile(**compile)
        self.l1_weight = l1_weight
        self.optimizer = optimizer
        self.scheduler = scheduler
        self.train_loss = Mean()
        self.batches_per_operator_step = batches_per_operator_step
        self.val = Evaluation("val")
        self._rewriting: Rewriting | None = None
        self._validated: dict[str, Tensor] = {}

    def forward(self) -> dict[str, Tensor]:
        """The rewritten parameters θ'."""
        # Never in half precision, whatever the images are seen in: a weight that is to go comes out
        # as the difference of two numbers that are nearly equal.
        with torch.autocast(self.device.type, enabled=False):
            return self.operator(self.graph, dict(self.target.named_parameters()))

    def rewritten(self) -> dict[str, Tensor]:
        """The rewritten parameters θ' by name, detached."""
        with torch.no_grad():
            return self()

    def on_fit_start(self) -> None:
        self._rewriting = None
        # Once and not in every step, which would wait for the device.
        rounds = len(self.operator.gnn.layers) if isinstance(self.operator, Operator) else 0
        check_range(self.graph, dict(self.target.named_parameters()), rounds)
        self.trainer.accumulate_grad_batches = self.batches_per_operator_step

    def training_step(self, batch: Batch, batch_idx: int) -> Float[Tensor, ""]:
        x, y = batch
        step_ends = (batch_idx + 1) % self.batches_per_operator_step == 0
        last = step_ends or self.trainer.is_last_batch
        rewriting = self._rewriting or self._rewritten()
        logits = functional_call(self.target, rewriting.for_batch(last=last), (x,))
        error = F.cross_entropy(logits, y)
        self.train_loss.update((error + rewriting.penalty).detach() * len(y), len(y))
        if self.trainer.is_last_batch:
            # Once is enough: logging costs more than a small network's forward pass.
            self.log("train/loss", self.train_loss, on_step=False, on_epoch=True)
        self._rewriting = None if last else rewriting
        return rewriting.loss(ddp_loss_weight(self.trainer, len(y)) * error, last=last)

    def _rewritten(self) -> Rewriting:
        divisor = self.batches_per_operator_step
        return Rewriting(self(), l1_weight=self.l1_weight, divisor=divisor)

    def on_validation_epoch_start(self) -> None:
        self._validated = self.rewritten()

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        x, y = batch
        self.val.update(functional_call(self.target, self._validated, (x,)), y)
        self.log_dict(self.val.metrics, prog_bar=True)

    def on_validation_epoch_end(self) -> None:
        norm = l1(self._validated)
        total = self.val.loss.compute() + self.l1_weight * norm
        self.log_dict({"val/l1": norm, "val/total": total}, sync_dist=True)
        self._validated = {}

    def configure_optimizers(self) -> OptimizerLRScheduler:
        return scheduled(self.operator.parameters(), self.optimizer, self.scheduler)

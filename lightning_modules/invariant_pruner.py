"""Train a network's own parameters towards what a frozen predictor promises, and towards zero."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import torch
from jaxtyping import Float
from lightning import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn

from lightning_modules.classifier import Batch
from lightning_modules.evaluation import Evaluation
from lightning_modules.schedule import OptimizerFactory, Schedule, scheduled
from scalegmn.arguments import check_number
from scalegmn.graph import NetworkGraph, check_range
from scalegmn.predictor.judge import Judge
from scalegmn.pruning import l1


class InvariantPruner(LightningModule):
    r"""Minimise the norm of a network's parameters less its accuracy as a functional f reads it.

    .. math:: \min_\theta \; \lambda \lVert \theta \rVert_1 - f(G, \theta)

    The norm is a sum over all parameters, biases included; f is frozen. Training batches are not
    read: a step is one pass through f. Validation batches are images and classes: ``val/gap`` is
    what f promises (``val/predicted``) less ``val/accuracy``.

    Reference: Byrman et al., *Neural Network Pruning with Scale Equivariant Graph Metanetworks*,
    section 2, eq. (2).

    Args:
        net: maps images ``(n, c, h, w)`` to logits ``(n, class)``; its parameters are trained.
        judge: maps ``(graph, parameters)`` to the accuracy that may be counted on.
        image_shape: channels, height and width of the images.
        l1_weight: λ, per unit of the sum (not the mean) of magnitudes.
        optimizer: makes an optimizer for θ.
        scheduler: how its learning rate changes; ``None`` for not at all.
        compile: arguments of ``torch.compile`` for the judge; ``None`` to run it as it is.

    Raises:
        ValueError: if the graph cannot express a layer of the network, ``l1_weight`` is negative,
            or the judge cannot read the network.
    """

    def __init__(
        self,
        net: nn.Module,
        judge: Judge,
        *,
        image_shape: Sequence[int],
        l1_weight: float,
        optimizer: OptimizerFactory,
        scheduler: Schedule | None = None,
        compile: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        check_number("model.l1_weight", l1_weight, least=0)
        self.net = net
        # In a tuple, which hides its parameters from checkpoints and from train().
        self._judge = (judge.eval().requires_grad_(False),)
        if compile is not None:
            judge.compile(**compile)
        self.graph = NetworkGraph.from_module(deepcopy(net).cpu(), torch.zeros(1, *image_shape))
        judge.check(self.graph)
        self.l1_weight = l1_weight
        self.optimizer = optimizer
        self.scheduler = scheduler
        self.val = Evaluation("val")

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n class"]:
        return self.net(x)

    @property
    def judge(self) -> Judge:
        """What the optimiser follows; it is no part of checkpoints."""
        return self._judge[0]

    def on_fit_start(self) -> None:
        self.judge.to(next(self.net.parameters()))
        check_range(self.graph, self.theta, self.judge.rounds)

    def training_step(self, batch: Any, batch_idx: int) -> Float[Tensor, ""]:
        counted_on = self.judge(self.graph, self.theta)
        loss = self.l1_weight * l1(self.theta) - counted_on
        if self.trainer.is_last_batch:
            # Once is enough: logging costs time.
            last = {"train/loss": loss.detach(), "train/counted_on": counted_on.detach()}
            self.log_dict(last, on_step=False, on_epoch=True, batch_size=1)
        return loss

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        x, y = batch
        self.val.update(self(x), y)
        self.log_dict(self.val.metrics, prog_bar=True)

    def on_validation_epoch_end(self) -> None:
        predicted = self.predicted(self.theta)
        gap = predicted - self.val.accuracy.compute()
        self.log_dict({"val/predicted": predicted, "val/gap": gap}, sync_dist=True)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        return scheduled(self.net.parameters(), self.optimizer, self.scheduler)

    @property
    def theta(self) -> dict[str, Tensor]:
        """The network's parameters by name."""
        return dict(self.net.named_parameters())

    @torch.no_grad()
    def predicted(self, params: Mapping[str, Tensor]) -> Float[Tensor, ""]:
        """The accuracy that f predicts for parameters, without any guard."""
        # After a fit the network is on the CPU again.
        own = next(self.net.parameters())
        judge = self.judge.to(own)
        return judge.predict(self.graph, {name: p.to(own) for name, p in params.items()})

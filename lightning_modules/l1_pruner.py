"""Train a network with a penalty on the magnitudes of its parameters."""

from collections.abc import Callable, Mapping

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim import Adam

from lightning_modules.classifier import Batch, Classifier
from lightning_modules.ddp_loss_weight import ddp_loss_weight
from lightning_modules.schedule import OptimizerFactory, Schedule
from scalegmn.arguments import check_number
from scalegmn.pruning import l1

Norm = Callable[[Mapping[str, Tensor]], Tensor]


class L1Pruner(Classifier):
    r"""Minimise the cross-entropy of a network u and the norm of its own parameters θ.

    .. math:: \min_\theta \; \mathrm{CE}(u_\theta(x), y) + \lambda R(\theta), \qquad
        R = \lVert \theta \rVert_1

    The norm R, or another one, is a sum over all parameters, biases included, as in
    :class:`~lightning_modules.equivariant_pruner.EquivariantPruner`, whose metrics ``val/l1`` and
    ``val/total`` this has, too.

    Reference: Han et al., *Learning both Weights and Connections for Efficient Neural Networks*,
    2015, arXiv:1506.02626, section 3.1.

    Args:
        net: maps images ``(n, c, h, w)`` to logits ``(n, class)``.
        l1_weight: λ, per unit of the sum (not the mean) of magnitudes.
        norm: R, of the parameters by name.
        optimizer: makes an optimizer for the network's parameters.
        scheduler: how its learning rate changes; ``None`` for not at all.

    Raises:
        ValueError: if ``l1_weight`` is negative.
    """

    def __init__(
        self,
        net: nn.Module,
        *,
        l1_weight: float,
        norm: Norm = l1,
        optimizer: OptimizerFactory = Adam,
        scheduler: Schedule | None = None,
    ) -> None:
        super().__init__(net, optimizer=optimizer, scheduler=scheduler)
        check_number("l1_weight", l1_weight, least=0)
        self.l1_weight = l1_weight
        self.norm = norm

    def training_step(self, batch: Batch, batch_idx: int) -> Float[Tensor, ""]:
        x, y = batch
        error = F.cross_entropy(self.net(x), y)
        penalty = self.l1_weight * self._norm()
        self.train_loss.update((error + penalty).detach() * len(y), len(y))
        if self.trainer.is_last_batch:
            # Once is enough: logging costs more than a small network's forward pass.
            self.log("train/loss", self.train_loss, on_step=False, on_epoch=True)
        return ddp_loss_weight(self.trainer, len(y)) * error + penalty

    def on_validation_epoch_end(self) -> None:
        norm = self._norm().detach()
        total = self.val.loss.compute() + self.l1_weight * norm
        self.log_dict({"val/l1": norm, "val/total": total}, sync_dist=True)

    def _norm(self) -> Float[Tensor, ""]:
        return self.norm(dict(self.net.named_parameters()))

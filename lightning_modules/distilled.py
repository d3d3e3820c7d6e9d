"""Train a network to classify images as another one does."""

from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from lightning_modules.classifier import Classifier
from scalegmn.distillation import Distillation


class Distilled(Classifier):
    """Minimise the cross-entropy to labels and to the outputs of a teacher.

    Validation and test use plain cross-entropy. The teacher is no part of checkpoints.

    Args:
        net: see :class:`~lightning_modules.classifier.Classifier`.
        teacher: maps images to logits like ``net``; it is evaluated and not trained.
        distillation: the loss.
        arguments: of :class:`~lightning_modules.classifier.Classifier`.
    """

    def __init__(
        self, net: nn.Module, teacher: nn.Module, distillation: Distillation, **arguments: Any
    ) -> None:
        super().__init__(net, **arguments)
        # In a tuple, which hides its parameters.
        self._teacher = (teacher,)
        self.distillation = distillation

    def on_fit_start(self) -> None:
        self._teacher[0].eval().to(self.device)

    def training_loss(
        self, x: Float[Tensor, "n c h w"], y: Int64[Tensor, " n"]
    ) -> Float[Tensor, ""]:
        with torch.no_grad():
            teacher = self._teacher[0](x)
        return self.distillation(self.net(x), teacher, y).mean()

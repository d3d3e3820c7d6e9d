"""Gather the predictions for a split from all processes."""

import torch
from jaxtyping import Float
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from scalegmn.predictor import Predictions


class GatheredPredictions(Metric):
    """Logits and labels of all networks that the processes have seen, each once.

    A rank correlation is no mean over batches or processes: it needs all networks together.
    """

    full_state_update = False
    logit: list[Tensor]
    label: list[Tensor]
    sparsity: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
        for name in ("logit", "label", "sparsity"):
            self.add_state(name, [], dist_reduce_fx="cat")

    def update(
        self, logit: Float[Tensor, " n"], label: Float[Tensor, " n"], sparsity: Float[Tensor, " n"]
    ) -> None:
        self.logit.append(logit.detach())
        self.label.append(label)
        self.sparsity.append(sparsity)

    def compute(self) -> tuple[Tensor, Tensor, Tensor]:
        return dim_zero_cat(self.logit), dim_zero_cat(self.label), dim_zero_cat(self.sparsity)

    @torch.no_grad()
    def predictions(self) -> Predictions:
        """On every process the same; all of them have to call this."""
        # One network's values come back without an axis.
        logit, label, sparsity = (part.reshape(-1).float().cpu() for part in self.compute())
        return Predictions(logit.sigmoid(), label, sparsity)

"""Squared error of predicted accuracies."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class SquaredError(nn.Module):
    r"""The mean of :math:`(\sigma(z) - y)^2` over networks, where z is a logit.

    ``torch.nn.BCEWithLogitsLoss`` is the other choice.
    """

    def forward(self, logit: Float[Tensor, " n"], label: Float[Tensor, " n"]) -> Float[Tensor, ""]:
        return F.mse_loss(logit.sigmoid(), label)

"""Predicted accuracies of many networks, and their scores."""

from dataclasses import dataclass
from math import nan

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor


@dataclass(frozen=True)
class Predictions:
    """Predicted and true accuracies of networks, as fractions.

    Attributes:
        predicted: by the predictor.
        label: measured.
        sparsity: the fraction of each network's weights that were pruned.
    """

    predicted: Float[Tensor, " network"]
    label: Float[Tensor, " network"]
    sparsity: Float[Tensor, " network"]

    def __len__(self) -> int:
        return len(self.label)

    def where(self, chosen: Bool[np.ndarray, " network"]) -> "Predictions":
        """The predictions for some of the networks."""
        rows = torch.from_numpy(chosen)
        return Predictions(self.predicted[rows], self.label[rows], self.sparsity[rows])

    def scores(self) -> dict[str, float]:
        r"""Kendall's τ-b, R² and the mean absolute error over all networks.

        .. math:: R^2 = 1 - \sum_i (y_i - \hat y_i)^2 / \sum_i (y_i - \bar y)^2

        All are NaN where a prediction or label is or where there is only one network, R² where all
        labels are equal, and τ where all predictions, or all labels, are.
        """
        # Here, because this import takes a second, which other commands need not wait for.
        from scipy.stats import kendalltau

        predicted, label = self.predicted.double(), self.label.double()
        if len(self) < 2 or not (predicted.isfinite() & label.isfinite()).all():
            return {"kendall_tau": nan, "r2": nan, "mae": nan}
        # By hand: torchmetrics takes squares that sum to less than 1e-4 for zeros, compares all
        # pairs for τ, and rounds to float32.
        residual = (predicted - label).square().sum().item()
        constant = bool((label == label[0]).all())
        total = (label - label.mean()).square().sum().item()
        return {
            "kendall_tau": float(kendalltau(predicted.numpy(), label.numpy()).statistic),
            "r2": nan if constant or total == 0 else 1 - residual / total,
            "mae": (predicted - label).abs().mean().item(),
        }

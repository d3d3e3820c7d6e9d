"""What a predictor said about many networks, and how right it was."""

from dataclasses import dataclass
from math import nan

from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Predictions:
    """Predicted and true accuracies of networks, as fractions.

    Attributes:
        predicted: what the predictor said.
        label: what was measured.
        sparsity: the fraction of each network's weights that were pruned.
    """

    predicted: Float[Tensor, " network"]
    label: Float[Tensor, " network"]
    sparsity: Float[Tensor, " network"]

    def __len__(self) -> int:
        return len(self.label)

    def scores(self) -> dict[str, float]:
        """Kendall's τ-b, R² and the mean absolute error over all networks.

        All are NaN where a prediction is, and τ where all predictions, or all labels, are equal.
        """
        # Here, because these imports take a second, which other commands need not wait for.
        from scipy.stats import kendalltau
        from torchmetrics.functional import mean_absolute_error, r2_score

        predicted, label = self.predicted.double(), self.label.double()
        if len(self) < 2 or not predicted.isfinite().all():
            return {"kendall_tau": nan, "r2": nan, "mae": nan}
        return {
            # The one of torchmetrics compares all pairs, and rounds to float32.
            "kendall_tau": float(kendalltau(predicted.numpy(), label.numpy()).statistic),
            "r2": float(r2_score(predicted, label)),
            "mae": float(mean_absolute_error(predicted, label)),
        }

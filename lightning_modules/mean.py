"""A mean over items on any number of processes."""

import torch
from torch import Tensor
from torchmetrics import Metric


class Mean(Metric):
    """Total over count, on any number of processes; what is not a number stays so.

    ``torchmetrics.MeanMetric`` either drops NaN, which hides a divergence, or ignores weights
    (``nan_strategy="disable"`` in 1.9).
    """

    full_state_update = False
    total: Tensor
    count: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("total", torch.tensor(0.0), dist_reduce_fx="sum")
        self.add_state("count", torch.tensor(0), dist_reduce_fx="sum")

    def update(self, total: Tensor, count: int) -> None:
        self.total += total
        self.count += count

    def compute(self) -> Tensor:
        return self.total / self.count

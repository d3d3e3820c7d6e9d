"""Loss and accuracy of a classifier on one split."""

import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor, nn

from lightning_modules.mean import Mean


class Evaluation(nn.Module):
    """Cross-entropy and accuracy as means over all images of a split.

    Every image counts once, whatever the batches and however many processes share them.

    Args:
        split: prefix of the metrics' names.
    """

    def __init__(self, split: str) -> None:
        super().__init__()
        self.split = split
        self.loss = Mean()
        self.accuracy = Mean()

    def update(self, logits: Float[Tensor, "n class"], y: Int64[Tensor, " n"]) -> None:
        self.loss.update(F.cross_entropy(logits, y, reduction="sum"), len(y))
        self.accuracy.update((logits.argmax(dim=1) == y).sum(), len(y))

    @property
    def metrics(self) -> dict[str, Mean]:
        """The metric objects under their names, to be logged."""
        return {f"{self.split}/loss": self.loss, f"{self.split}/accuracy": self.accuracy}

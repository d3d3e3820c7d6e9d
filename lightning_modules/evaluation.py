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
        """Add a batch.

        Raises:
            ValueError: if a label is no class of the network's, on a CPU; CUDA ends the process.
        """
        try:
            loss = F.cross_entropy(logits, y, reduction="sum")
        except IndexError as error:
            raise ValueError(
                f"{self.split} images have labels from {int(y.min())} to {int(y.max())}, and the "
                f"network {logits.shape[1]} classes"
            ) from error
        self.loss.update(loss, len(y))
        self.accuracy.update((logits.argmax(dim=1) == y).sum(), len(y))

    @property
    def metrics(self) -> dict[str, Mean]:
        """The metric objects under their names, to be logged."""
        return {f"{self.split}/loss": self.loss, f"{self.split}/accuracy": self.accuracy}

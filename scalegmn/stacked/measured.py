"""Measure many networks of one architecture at once."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor

from scalegmn.stacked.logits import StackedLogits
from scalegmn.stacked.threads import share

Batches = Iterable[tuple[Tensor, Tensor]]
# Images times networks that a CPU sees at once: more leave its cache.
AT_ONCE = 512


@dataclass(frozen=True)
class Measured:
    """How good networks are on a split.

    Args:
        loss: cross-entropy, the mean over images.
        accuracy: fraction of images.
    """

    loss: Float[Tensor, " k"]
    accuracy: Float[Tensor, " k"]


def measure(logits: StackedLogits, rows: Float[Tensor, "k p"], batches: Batches) -> Measured:
    """Loss and accuracy of each network, in one pass over the images.

    Args:
        logits: of the networks' architecture.
        rows: the parameters of each network, see :meth:`StackedLogits.row`.
        batches: images and classes, on the rows' device.
    """
    loss = rows.new_zeros(len(rows), dtype=torch.float64)
    right, count = torch.zeros_like(loss), 0
    for x, y in batches:

        def add(some: slice, x: Tensor = x, y: Tensor = y) -> None:
            with torch.no_grad():  # Of this thread.
                for part, labels in parts([(x, y)], rows[some]):
                    found = logits(rows[some], part)
                    loss[some] += cross_entropies(found, labels)
                    right[some] += (found.argmax(2) == labels).sum(1)

        share(add, [0] * len(rows), rows.device)
        count += len(y)
    return Measured(loss / count, right / count)


def parts(batches: Batches, rows: Float[Tensor, "k p"]) -> Iterable[tuple[Tensor, Tensor]]:
    """The batches, cut into what fits the cache."""
    for x, y in batches:
        size = len(y) if x.is_cuda else max(16, AT_ONCE // len(rows))
        yield from zip(x.to(rows.dtype).split(size), y.split(size), strict=True)


def cross_entropies(
    logits: Float[Tensor, "k b classes"], y: Int64[Tensor, " b"]
) -> Float[Tensor, " k"]:
    """The sum over images, of each network."""
    k = len(logits)
    losses = F.cross_entropy(logits.flatten(0, 1), y.repeat(k), reduction="none")
    return losses.view(k, -1).sum(1)

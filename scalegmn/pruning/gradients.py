"""Gradients of the loss on training batches, for scores."""

from collections.abc import Iterator, Sequence
from itertools import islice

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scalegmn.pruning.score import Batches


def first_batches(data: Batches, count: int, *, score: str) -> Iterator[tuple[Tensor, Tensor]]:
    """The first batches, all if there are fewer.

    Args:
        data: training batches.
        count: how many to take.
        score: name of the score that needs them, for errors.

    Raises:
        ValueError: if ``count`` is below 1 or ``data`` is empty.
    """
    if count < 1:
        raise ValueError(f"{score} needs at least 1 batch of training images, got batches={count}")
    batch = None
    for batch in islice(data, count):
        yield batch
    if batch is None:
        raise ValueError(f"{score} needs training images, and the data is empty")


def loss_gradients(
    net: nn.Module,
    weights: Sequence[Tensor],
    x: Tensor,
    y: Tensor,
    *,
    temperature: float = 1.0,
    create_graph: bool = False,
) -> tuple[Tensor, ...]:
    """Gradients of the cross-entropy, summed over images; 0 where it does not depend on a weight.

    Args:
        net: gives logits ``[batch, class]``, which are divided by the temperature.
        weights: parameters of ``net``.
        x: images ``[batch, channel, height, width]``, on any device.
        y: classes ``[batch]``.
        temperature: of the softmax.
        create_graph: make the gradients differentiable.
    """
    with torch.enable_grad():
        like = next(net.parameters())
        logits = net(x.to(like)) / temperature
        loss = F.cross_entropy(logits, y.to(like.device), reduction="sum")
        return torch.autograd.grad(
            loss, weights, create_graph=create_graph, allow_unused=True, materialize_grads=True
        )

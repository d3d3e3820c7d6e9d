"""Scores: how much each prunable parameter matters; the lowest are pruned first.

Every score is called with a network and batches of training images, whether it reads them or not,
and gives one number per prunable entry.
"""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

Batches = Iterable[tuple[Tensor, Tensor]]
Score = Callable[[nn.Module, Batches], dict[str, Tensor]]


def magnitude(
    net: nn.Module, data: Batches = (), *, prune_biases: bool = False
) -> dict[str, Tensor]:
    """The absolute value of each prunable parameter.

    Args:
        net: the network.
        data: not read.
        prune_biases: make tensors of one axis prunable too.

    Returns:
        Scores of the prunable tensors, in their shapes, detached.
    """
    return {name: p.detach().abs() for name, p in prunable(net, prune_biases).items()}


def random(
    net: nn.Module, data: Batches = (), *, seed: int, prune_biases: bool = False
) -> dict[str, Tensor]:
    """Uniform scores in [0, 1): a control that knows nothing of the network.

    Args:
        net: the network.
        data: not read.
        seed: equal seeds and shapes give equal scores, on every device.
        prune_biases: make tensors of one axis prunable too.

    Returns:
        Scores of the prunable tensors, in their shapes.
    """
    generator = torch.Generator().manual_seed(seed)
    # In float32 millions of scores would tie, and ties favour late layers.
    return {
        name: torch.rand(p.shape, generator=generator, dtype=torch.float64).to(p.device)
        for name, p in prunable(net, prune_biases).items()
    }


def prunable(net: nn.Module, prune_biases: bool = False) -> dict[str, nn.Parameter]:
    """The parameters that may be pruned, by name: weights, and biases if asked for."""
    return {name: p for name, p in net.named_parameters() if prune_biases or p.ndim > 1}

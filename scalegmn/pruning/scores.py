"""How much each prunable parameter matters: the lowest scores are pruned first."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

Score = Callable[[Mapping[str, Tensor]], dict[str, Tensor]]


def magnitude(params: Mapping[str, Tensor], *, prune_biases: bool = False) -> dict[str, Tensor]:
    """The absolute value of each prunable parameter.

    Args:
        params: a network's parameters by name, no buffers.
        prune_biases: make tensors of one axis prunable too.

    Returns:
        Scores of the prunable tensors, in their shapes, detached.
    """
    return {name: p.detach().abs() for name, p in _prunable(params, prune_biases).items()}


def random(
    params: Mapping[str, Tensor], *, seed: int, prune_biases: bool = False
) -> dict[str, Tensor]:
    """Uniform scores in [0, 1): a control that knows nothing of the network.

    Args:
        params: a network's parameters by name, no buffers.
        seed: equal seeds and shapes give equal scores, on every device.
        prune_biases: make tensors of one axis prunable too.

    Returns:
        Scores of the prunable tensors, in their shapes.
    """
    generator = torch.Generator().manual_seed(seed)
    # In float32 millions of scores would tie, and ties favour late layers.
    return {
        name: torch.rand(p.shape, generator=generator, dtype=torch.float64).to(p.device)
        for name, p in _prunable(params, prune_biases).items()
    }


def _prunable(params: Mapping[str, Tensor], prune_biases: bool) -> dict[str, Tensor]:
    return {name: p for name, p in params.items() if prune_biases or p.ndim > 1}

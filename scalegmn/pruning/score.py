"""The interface of pruning scores."""

from collections.abc import Callable, Iterable

from torch import Tensor, nn

from scalegmn.pruning.weights import is_weight

Batches = Iterable[tuple[Tensor, Tensor]]
"""Training batches: images ``[batch, channel, height, width]`` and classes ``[batch]``."""

Score = Callable[[nn.Module, Batches], dict[str, Tensor]]
"""Rates every prunable entry of a network; the lowest scores are pruned first.

A score is called as ``score(net, data)`` and returns tensors by parameter name, in the parameters'
shapes. It leaves the network as it was. Options are keyword arguments, set with
``functools.partial`` or ``_partial_: true``.
"""


def prunable(net: nn.Module, *, prune_biases: bool = False) -> dict[str, nn.Parameter]:
    """The parameters that may be pruned, by name.

    Args:
        net: any network.
        prune_biases: include what is no weight: biases, scales of normalisations.
    """
    return {name: p for name, p in net.named_parameters() if prune_biases or is_weight(p)}

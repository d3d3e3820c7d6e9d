"""Compact a network, and say what went away."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from scalegmn.graph import fold_batch_norm
from scalegmn.pruning.compaction.compact import compact
from scalegmn.pruning.compaction.sizes import changed_sizes
from scalegmn.pruning.weights import is_weight


@dataclass(frozen=True)
class Shrunk:
    """A network without dead channels, beside what it was made from.

    Attributes:
        net: the smaller network.
        sizes: shapes of its parameters that changed, see :func:`changed_sizes`; empty if no channel
            was dead.
        channels: outputs of each layer that has fewer now, before and after.
    """

    net: nn.Module
    sizes: Mapping[str, list[int]]
    channels: Mapping[str, tuple[int, int]]


def shrink(net: nn.Module, example_input: Tensor) -> Shrunk:
    """Remove dead channels with :func:`compact`; a network without any is left as it is.

    Args:
        net: in evaluation mode.
        example_input: a batch of inputs, for the shapes.

    Raises:
        ValueError: see :func:`compact`.
    """
    small = compact(net, example_input)
    folded = fold_batch_norm(net, example_input)
    before = {name: len(p) for name, p in folded.named_parameters() if is_weight(p)}
    channels = {
        name.removesuffix(".weight"): (before[name], len(p))
        for name, p in small.named_parameters()
        if name in before and len(p) < before[name]
    }
    if not channels:
        return Shrunk(net, {}, {})  # its batch normalisation stays as it is, too
    return Shrunk(small, changed_sizes(folded, small), channels)

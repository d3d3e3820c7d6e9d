"""Follow the channels of one node group through the axes of a tensor."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import torch
from jaxtyping import Int
from torch import Tensor

from scalegmn.graph.groups import Freedom


@dataclass(frozen=True)
class Signal:
    """A tensor whose entries belong to the nodes of one group.

    Attributes:
        group: index of the node group.
        size: nodes of the group.
        axis: the axis along which nodes follow one another.
        positions: consecutive entries of one node along that axis, more than 1 after a flatten.
        mixed: why entries belong to single nodes no more, empty while they do. Only the
            network's output may be mixed.
    """

    group: int
    size: int
    axis: int = 1
    positions: int = 1
    mixed: str = ""

    def nodes(self, shape: Sequence[int]) -> Int[Tensor, "..."]:
        """The node of each entry of a tensor of this shape."""
        index = torch.arange(self.size).repeat_interleave(self.positions)
        after = len(shape) - self.axis - 1
        return index.reshape(-1, *[1] * after).expand(*shape).contiguous()

    def along(self, axis: int, length: int) -> bool:
        """Whether the nodes lie along an axis of this length (a single node lies along each)."""
        return self.size == 1 or (self.axis == axis and self.size * self.positions == length)


@dataclass(frozen=True)
class Outcome:
    """An operation's outcome.

    Attributes:
        group: the node group that it acts on.
        signals: of the tensors in its result, in order; tensors beyond follow no channels.
        freedom: the factors of a node that it commutes with.
    """

    group: int
    signals: tuple[Signal, ...]
    freedom: Freedom


def locate(nodes: Tensor, signal: Signal) -> Signal | None:
    """The signal of a tensor with the node of each entry; None if nodes do not follow one another.

    Args:
        nodes: the node of each entry.
        signal: of the tensor before an operation that moved its entries.
    """
    size = signal.size
    # Axis 1 first: a single node lies along every axis, and channels are expected there.
    for axis in sorted(range(nodes.ndim), key=lambda k: (k != 1, k)):
        length = nodes.shape[axis]
        if length % size or not prod(nodes.shape):
            continue
        found = Signal(signal.group, size, axis, length // size)
        if torch.equal(found.nodes(nodes.shape), nodes.long()):
            return found
    return None

"""Follow the nodes that the entries of a tensor belong to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import prod

import torch
from jaxtyping import Int
from torch import Tensor

from scalegmn.graph.groups import Freedom

# Nodes are numbered: those of layers from 0 on, inputs from here on.
INPUT = 1 << 40
# Channels that hold zeros belong to no node.
ZERO = -1
Nodes = tuple[int, ...]


@dataclass(frozen=True)
class Signal:
    """A tensor whose entries belong to nodes.

    Attributes:
        index: the node of each entry along one axis, more than one entry in a row after a flatten.
        axis: that axis.
        mixed: why entries belong to single nodes no more, empty while they do. Only the
            network's output may be mixed.
    """

    index: Nodes
    axis: int = 1
    mixed: str = ""

    @classmethod
    def of_input(cls, size: int, axis: int = 1) -> "Signal":
        """The network's input; inputs have no freedom, so that any axis may hold them."""
        return cls(tuple(range(INPUT, INPUT + size)), axis)

    @property
    def is_input(self) -> bool:
        """Whether these are inputs alone."""
        return all(is_input(node) for node in self.index)

    @property
    def order(self) -> Nodes:
        """The nodes, one after the other."""
        return tuple(node for node, _ in groupby(self.index))

    def nodes(self, shape: Sequence[int]) -> Int[Tensor, "..."]:
        """The node of each entry of a tensor of this shape."""
        index = torch.tensor(self.index)
        after = len(shape) - self.axis - 1
        return index.reshape(-1, *[1] * after).expand(*shape).contiguous()

    def along(self, axis: int, length: int) -> "Signal | None":
        """The signal along an axis of this length, if its nodes lie along it.

        A single node lies along each.
        """
        if len(set(self.index)) == 1:
            return Signal(self.index[:1] * length, axis, self.mixed)
        return self if self.axis == axis and len(self.index) == length else None


def is_input(node: int) -> bool:
    """Whether a node is one of the network's inputs."""
    return node >= INPUT


@dataclass(frozen=True)
class Outcome:
    """An operation's outcome.

    Attributes:
        nodes: those that it acts on.
        signals: of the tensors in its result, in order; tensors beyond follow no channels.
        freedom: the factors of these nodes that it commutes with.
        same: pairs of nodes that are one from here on.
        gated: pairs of nodes, the first of which multiplies the second.
        fixed: nodes whose number the operation fixes.
    """

    nodes: Nodes
    signals: tuple[Signal, ...]
    freedom: Freedom
    same: tuple[tuple[int, int], ...] = ()
    gated: tuple[tuple[int, int], ...] = ()
    fixed: Nodes = ()


def locate(nodes: Tensor, order: Iterable[int]) -> Signal | None:
    """The signal of a tensor with the node of each entry; None if their order is another.

    Args:
        nodes: the node of each entry.
        order: the nodes one after the other, before an operation that moved entries.
    """
    order = tuple(order)
    if not prod(nodes.shape):
        return None
    # Axis 1 first: a single node lies along every axis, and channels are expected there.
    for axis in sorted(range(nodes.ndim), key=lambda k: (k != 1, k)):
        first = nodes.movedim(axis, 0).flatten(1)[:, :1] if nodes.ndim > 1 else nodes[:, None]
        found = Signal(tuple(first.flatten().tolist()), axis)
        if found.order == order and torch.equal(found.nodes(nodes.shape), nodes.long()):
            return found
    return None

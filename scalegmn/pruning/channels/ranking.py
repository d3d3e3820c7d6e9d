"""Put the channels of a network in the order in which they are pruned."""

from collections.abc import Callable, Sequence
from math import inf
from typing import Protocol, runtime_checkable

from torch import Tensor

from scalegmn.graph import NetworkGraph, indices

LeftOver = Callable[[Sequence[int]], int]
Channel = tuple[int, int]


@runtime_checkable
class Ranking(Protocol):
    """Makes the order of channels, each a group and a node in it, of their norms.

    Args:
        graph: the architecture.
        norms: of the nodes of each group.
        left_over: the budget by the number of nodes left in each group.
        min_channels: that each group keeps.
    """

    def __call__(
        self,
        graph: NetworkGraph,
        norms: Sequence[Tensor],
        left_over: LeftOver,
        *,
        min_channels: int,
    ) -> list[Channel]: ...


def by_relative_norm(
    graph: NetworkGraph, norms: Sequence[Tensor], left_over: LeftOver, *, min_channels: int
) -> list[Channel]:
    """The lowest norm first, relative to the mean of its group, so that layers compare."""
    ranked = []
    for k, queue in _queues(graph, norms, min_channels).items():
        mean = norms[k].mean().item() or 1.0
        ranked += [(norm / mean, k, node) for norm, node in queue]
    return [(k, node) for _, k, node in sorted(ranked)]


def by_norm_per_saving(
    graph: NetworkGraph, norms: Sequence[Tensor], left_over: LeftOver, *, min_channels: int
) -> list[Channel]:
    r"""The smallest loss of norm per saving first, both of what is left at that moment.

    .. math:: \frac{\lVert c \rVert}{\sum_{c' \text{ left}} \lVert c' \rVert}
        \Big/ \bigl(B(\text{left}) - B(\text{left} \setminus c)\bigr)

    The sum is over the channel's group, and B is the budget. A group that has lost channels loses a
    larger part of its norm with the next one, and channels save less where others around them are
    gone, so that no layer goes as a whole: with equal norms, the group goes first that the largest
    part of the budget depends on.
    """
    queues = _queues(graph, norms, min_channels)
    members, near = _members(graph), _neighbours(graph)
    left = [group.size for group in graph.groups]
    sums = {k: norms[k].sum().item() for k in queues}
    savings: dict[int, int] = {}
    order: list[Channel] = []

    def saving(k: int) -> int:
        if k not in savings:
            without = [size - (m in members[k]) for m, size in enumerate(left)]
            savings[k] = left_over(left) - left_over(without)
        return savings[k]

    def price(k: int) -> float:
        lost = queues[k][0][0] / sums[k] if sums[k] > 0 else 0.0
        return lost / saving(k) if saving(k) > 0 else inf

    while queues := {k: queue for k, queue in queues.items() if queue}:
        k = min(queues, key=price)
        norm, node = queues[k].pop(0)
        order.append((k, node))
        sums[k] -= norm
        for member in members[k]:
            left[member] -= 1
        for other in near[k]:
            savings.pop(other, None)
    return order


def _queues(
    graph: NetworkGraph, norms: Sequence[Tensor], min_channels: int
) -> dict[int, list[tuple[float, int]]]:
    """Norm and node of what may be pruned of each group, the lowest first."""
    members, queues = _members(graph), {}
    for k, (group, norm) in enumerate(zip(graph.groups, norms, strict=True)):
        if group.permutes_freely and not any(graph.groups[m].fixed for m in members[k]):
            ranked = sorted((value, node) for node, value in enumerate(norm.tolist()))
            queues[k] = ranked[: max(group.size - min_channels, 0)]
    return queues


def _members(graph: NetworkGraph) -> list[set[int]]:
    """The groups that each one leads."""
    leaders = indices.leaders(graph.groups)
    return [{m for m, own in enumerate(leaders) if own == k} for k in range(len(leaders))]


def _neighbours(graph: NetworkGraph) -> list[set[int]]:
    """The leading groups whose savings depend on what is left of each one, itself included."""
    leaders = indices.leaders(graph.groups)
    near = [{k} for k in range(len(leaders))]
    for block in graph.blocks:
        ends = {leaders[block.source], leaders[block.target]}
        for end in ends:
            near[end] |= ends
    return near

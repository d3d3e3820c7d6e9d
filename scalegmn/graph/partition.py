"""Divide nodes into groups that every layer reads and writes whole."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, pairwise

from scalegmn.graph.signal import Nodes

END = -2


def partition(
    orders: Sequence[Nodes], ties: Sequence[tuple[Nodes, Nodes]], kinds: Mapping[int, object]
) -> list[Nodes]:
    """The fewest sequences of nodes of which all orders are concatenations.

    Two nodes follow one another in a group if they do so wherever one of them occurs.

    Args:
        orders: nodes in the order in which layers read or write them.
        ties: pairs of orders that are divided at the same places.
        kinds: nodes of different kinds are divided.

    Returns:
        The groups, by their first occurrence.
    """
    after, before = defaultdict(set), defaultdict(set)
    for order in orders:
        for a, b in pairwise((END, *order, END)):
            after[a].add(b)
            before[b].add(a)
    following = {
        a: next(iter(nodes))
        for a, nodes in after.items()
        if a != END and len(nodes) == 1 and END not in nodes
    }
    following = {
        a: b
        for a, b in following.items()
        if len(before[b]) == 1 and a != b and kinds.get(a) == kinds.get(b)
    }
    _divide_alike(following, ties)
    follows = set(following.values())
    starts = dict.fromkeys(n for order in orders for n in order if n not in follows)
    return [_run(start, following) for start in starts]


def _divide_alike(following: dict[int, int], ties: Iterable[tuple[Nodes, Nodes]]) -> None:
    """Divide both orders of each tie where one is."""
    changed = True
    while changed:
        changed = False
        for pair in ties:
            for left, right in zip(*(pairwise(order) for order in pair), strict=True):
                joined = [following.get(a) == b for a, b in (left, right)]
                if any(joined) and not all(joined):
                    del following[left[0] if joined[0] else right[0]]
                    changed = True


def _run(start: int, following: Mapping[int, int]) -> Nodes:
    run = [start]
    while run[-1] in following:
        run.append(following[run[-1]])
    return tuple(run)


def pieces(index: Nodes, place: Mapping[int, tuple[int, int]]) -> list[tuple[int, int, int]]:
    """Divide the entries along an axis into whole groups.

    Args:
        index: the node of each entry.
        place: the group of each node and its place in it.

    Returns:
        For each piece, in order: its group, its first entry and the entries of each node.
    """
    found: list[tuple[int, int, int]] = []
    entry = 0
    for node, entries in groupby(index):
        count = len(list(entries))
        group, position = place[node]
        if position == 0:
            found.append((group, entry, count))
        entry += count
    return found


def counts(index: Nodes) -> dict[int, int]:
    """The number of entries of each node."""
    return {node: len(list(entries)) for node, entries in groupby(index)}

"""Make node groups and edge blocks of what a forward pass has shown."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from itertools import groupby
from operator import and_

from scalegmn.graph.groups import ANY_FACTOR, NO_FACTOR, EdgeBlock, Freedom, NodeGroup, Role
from scalegmn.graph.ledger import Ledger, Weight
from scalegmn.graph.partition import counts, partition, pieces
from scalegmn.graph.signal import Nodes, is_input

# The group of the node that biases start from where a node has more than one.
ONES = "ones"


def assemble(ledger: Ledger, output: Nodes) -> tuple[list[NodeGroup], list[EdgeBlock]]:
    """Groups, inputs first and outputs last, and blocks in the order of the calls.

    A group's first bias is its own; any other is a block from a node of ones, as is one that only
    a part of the layer's outputs make a group with others.

    Args:
        ledger: of the whole forward pass.
        output: the nodes of the network's output.

    Raises:
        ValueError: if sums make two channels of a layer one node.
    """
    united = [
        replace(w, outputs=ledger.united(w.outputs), inputs=ledger.united(w.inputs))
        for w in ledger.weights
    ]
    for weight in united:
        # Apart, they are blocks of their own, such as where maps stand twice in a stream.
        if weight.inputs and len(_plain(weight.outputs)) < len(weight.outputs):
            raise ValueError(
                f"{weight.name}: two of its channels would have to be one, as a sum joins one "
                "channel to several; give both operands as many channels of their own"
            )
    ends = set(ledger.united(output))
    members = _groups(ledger, united, ends)
    place = {node: (k, i) for k, group in enumerate(members) for i, node in enumerate(group)}
    biases = _own_biases(united, place)
    freedom, fixed = ledger.freedom_of(), set(ledger.united(ledger.fixed))
    groups = [
        _group(ledger.names, nodes, ends, freedom, fixed, biases.get(k))
        for k, nodes in enumerate(members)
    ]
    groups = _tied(ledger, groups, place)
    ones = next((k for k, g in enumerate(groups) if g.role is not Role.INPUT), len(groups))
    own = set(biases.values())
    blocks = [b for w in united if w.name not in own for b in _blocks(w, members, place)]
    if any(block.source == len(groups) for block in blocks):
        groups, blocks = _with_ones(groups, blocks, ones)
    return groups, blocks


def _groups(ledger: Ledger, weights: Sequence[Weight], ends: set[int]) -> list[Nodes]:
    kinds: dict[int, object] = {}
    fixed = set(ledger.united(ledger.fixed))
    read = {node for w in weights for node in (*w.outputs, *w.inputs)} | ends
    for node in read:
        kinds[node] = is_input(node), node in ends, node in fixed
    for number, weight in enumerate(weights):
        # Nodes of one group have as many entries of each weight.
        sizes = {} if weight.diagonal else counts(weight.inputs)
        for node, size in sizes.items():
            kinds[node] = (kinds[node], number, size) if size > 1 else kinds[node]
    orders = [_plain(w.outputs) for w in weights] + [_plain(w.inputs) for w in weights]
    orders += [_plain(ledger.united(order)) for order in ledger.orders]
    ties = [(ledger.united(a), ledger.united(b)) for a, b in ledger.ties]
    groups = [g for g in partition([o for o in orders if o], ties, kinds) if g[0] in read]
    return sorted(groups, key=lambda g: (not is_input(g[0]), g[0] in ends, min(g)))


def _plain(index: Nodes) -> Nodes:
    return tuple(node for node, _ in groupby(index))


def _own_biases(weights: Sequence[Weight], place: Mapping[int, tuple[int, int]]) -> dict[int, str]:
    """The first bias of each group that is as long as the group."""
    found: dict[int, str] = {}
    for weight in weights:
        if not weight.inputs:
            parts = pieces(weight.outputs, place)
            if len(parts) == 1:
                found.setdefault(parts[0][0], weight.name)
    return found


def _group(
    names: Sequence[str],
    nodes: Nodes,
    ends: set[int],
    freedom: Mapping[int, Freedom],
    fixed: set[int],
    bias: str | None,
) -> NodeGroup:
    first = nodes[0]
    if is_input(first):
        return NodeGroup("input", len(nodes), Role.INPUT, NO_FACTOR)
    name, made = names[first], names.count(names[first])
    if made > len(nodes):
        start = first - names.index(name)
        name = f"{name}[{start}:{start + len(nodes)}]"
    if first in ends:
        return NodeGroup(name, len(nodes), Role.OUTPUT, NO_FACTOR, bias)
    own = reduce(and_, (freedom.get(node, ANY_FACTOR) for node in nodes))
    return NodeGroup(name, len(nodes), Role.HIDDEN, own, bias, fixed=first in fixed)


def _tied(
    ledger: Ledger, groups: list[NodeGroup], place: Mapping[int, tuple[int, int]]
) -> list[NodeGroup]:
    """The groups with the permutations that they share, and what they gate."""
    leaders = list(range(len(groups)))

    def leader(k: int) -> int:
        return k if leaders[k] == k else leader(leaders[k])

    pairs = {
        (place[ledger.find(a)][0], place[ledger.find(b)][0])
        for tie in ledger.ties
        for a, b in zip(*tie, strict=True)
    }
    for pair in sorted(pairs):
        # An input or output leads: its order is fixed, and so is that of all others.
        lead, other = sorted(map(leader, pair), key=lambda k: (groups[k].role is Role.HIDDEN, k))
        leaders[other] = lead
    gates = {(place[ledger.find(a)][0], place[ledger.find(b)][0]) for a, b in ledger.gates}
    return [
        replace(
            group,
            permutes_with=None if leader(k) == k else leader(k),
            gates=tuple(sorted(b for a, b in gates if a == k)),
        )
        for k, group in enumerate(groups)
    ]


def _blocks(
    weight: Weight, members: Sequence[Nodes], place: Mapping[int, tuple[int, int]]
) -> Iterator[EdgeBlock]:
    for target, first, _ in pieces(weight.outputs, place):
        n_out, row = len(members[target]), weight.row + first
        if not weight.inputs:
            ones = len(members)
            yield EdgeBlock(weight.name, (n_out,), ones, target, n_out, 1, row)
        elif weight.diagonal:
            source, shape = place[weight.inputs[first]][0], (n_out, *weight.shape[1:])
            yield EdgeBlock(weight.name, shape, source, target, n_out, n_out, row, diagonal=True)
        else:
            for source, column, count in pieces(weight.inputs, place):
                n_in = len(members[source])
                shape = (n_out, n_in * count, *weight.shape[2:])
                yield EdgeBlock(weight.name, shape, source, target, n_out, n_in, row, column)


def _with_ones(
    groups: list[NodeGroup], blocks: list[EdgeBlock], at: int
) -> tuple[list[NodeGroup], list[EdgeBlock]]:
    """Insert the node of ones, which blocks number last, behind the inputs."""

    def moved(k: int) -> int:
        return at if k == len(groups) else k + (k >= at)

    new = [
        replace(
            group,
            permutes_with=None if group.permutes_with is None else moved(group.permutes_with),
            gates=tuple(map(moved, group.gates)),
        )
        for group in groups
    ]
    new.insert(at, NodeGroup(ONES, 1, Role.INPUT, NO_FACTOR))
    return new, [replace(b, source=moved(b.source), target=moved(b.target)) for b in blocks]

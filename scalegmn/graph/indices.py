"""Index tensors of a graph: types, roles and ends of nodes and edges."""

from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate, pairwise

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from scalegmn.graph.groups import EdgeBlock, NodeGroup, Role

Groups = Sequence[NodeGroup]
Blocks = Sequence[EdgeBlock]


def slices(sizes: Iterable[int]) -> tuple[slice, ...]:
    """Consecutive ranges of these sizes."""
    return tuple(slice(a, b) for a, b in pairwise(accumulate(sizes, initial=0)))


def per_node(groups: Groups, values: Iterable[int]) -> Int[Tensor, " node"]:
    """The value of its group for each node."""
    return torch.tensor(list(values)).repeat_interleave(torch.tensor([g.size for g in groups]))


def node_types(groups: Groups) -> Int[Tensor, " node"]:
    """A type for each input node, one for each hidden group, one for each output node."""
    types, first = [], 0
    for group in groups:
        own = group.role is not Role.HIDDEN
        types.append(first + (torch.arange(group.size) if own else torch.zeros(group.size)))
        first += group.size if own else 1
    return torch.cat(types).long()


def edge_types(groups: Groups, blocks: Blocks) -> Int[Tensor, " edge"]:
    """A type per source node from the inputs, per target node into outputs, else per block."""
    types, first = [], 0
    for block in blocks:
        target, source = _ends(block)
        if groups[block.target].role is Role.OUTPUT:
            own, count = target, block.n_out
        elif groups[block.source].role is Role.INPUT:
            own, count = source, block.n_in
        else:
            own, count = torch.zeros_like(source), 1
        types.append(first + own)
        first += count
    return torch.cat(types)


def sign_nodes(groups: Groups) -> Bool[Tensor, " node"]:
    """Nodes that may change their sign but not their size."""
    own = [g.freedom.sign and not g.freedom.positive for g in groups]
    hidden = [o for o, g in zip(own, groups, strict=True) if g.role is Role.HIDDEN]
    # Inputs and outputs have no freedom; they follow the hidden nodes where these agree.
    fixed = bool(hidden) and all(hidden)
    flags = [o if g.role is Role.HIDDEN else fixed for o, g in zip(own, groups, strict=True)]
    return per_node(groups, map(int, flags)).bool()


def bias_of_node(groups: Groups) -> Int[Tensor, " node"]:
    """The number of the bias that each node carries, -1 for none."""
    has_bias = [group.bias is not None for group in groups]
    numbers = zip(accumulate(has_bias), has_bias, strict=True)
    return per_node(groups, [number - 1 if own else -1 for number, own in numbers])


def edge_index(groups: Groups, blocks: Blocks) -> Int[Tensor, "2 edge"]:
    """Source and target node of each edge, in the order of the edges."""
    nodes = slices(group.size for group in groups)
    pairs = []
    for block in blocks:
        target, source = _ends(block)
        first = nodes[block.source].start, nodes[block.target].start
        pairs.append(torch.stack([source + first[0], target + first[1]]))
    return torch.cat(pairs, dim=1)


def _ends(block: EdgeBlock) -> tuple[Int[Tensor, " edge"], Int[Tensor, " edge"]]:
    """Target and source of each edge, counted within their groups."""
    target, source = torch.arange(block.n_out), torch.arange(block.n_in)
    if block.diagonal:
        return target, source
    return target.repeat_interleave(block.n_in), source.repeat(block.n_out)


def permutations(
    groups: Groups, draw: Callable[[int], Int[Tensor, " n"]]
) -> list[Int[Tensor, " _n"]]:
    """An order of the nodes of each group: the same where groups permute together.

    Args:
        groups: inputs and outputs keep their order, and what permutes with them.
        draw: an order of so many nodes.
    """
    own = [draw(g.size) if g.permutes_freely else torch.arange(g.size) for g in groups]
    return [own[leader] for leader in leaders(groups)]


def leaders(groups: Groups) -> tuple[int, ...]:
    """For each group, the one whose permutation it shares: itself, if that is its own."""
    own = enumerate(groups)
    return tuple(k if g.permutes_with is None else g.permutes_with for k, g in own)

"""Find the channels of a network that can be removed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from scalegmn.graph import NetworkGraph, Role
from scalegmn.graph.assembly import ONES
from scalegmn.pruning.compaction.constants import LayerInputs

Kept = list[Bool[Tensor, " _n"]]
Shifts = dict[str, Float[Tensor, " _n"]]


def kept_nodes(
    graph: NetworkGraph, params: Mapping[str, Tensor], inputs: LayerInputs
) -> tuple[Kept, Shifts]:
    """The nodes of each group that stay, and what removed ones add to outputs of each layer.

    Args:
        graph: of the network.
        params: its parameters.
        inputs: of its layers.

    Returns:
        A mask for each group, and by the name of a layer's weight what to add to its bias.
    """
    joined = [kernel.ne(0).any(-1).double() for kernel in graph.kernels(params)]
    search = _Search(graph, joined, _read(graph, joined), inputs)
    kept = _together(graph, [r & v for r, v in zip(search.read, _vary(graph, joined), strict=True)])
    while True:
        shifts, blocked = search.shifts(kept)
        if not blocked:
            return kept, shifts
        for group, node in blocked:
            kept[group][node] = True
        kept = _together(graph, kept)


def _read(graph: NetworkGraph, joined: list[Tensor]) -> Kept:
    """The nodes that an output depends on."""
    read = [torch.full((g.size,), g.role is Role.OUTPUT) for g in graph.groups]

    def spread() -> None:
        for block, edges in zip(graph.blocks, joined, strict=True):
            read[block.source] |= block.at_sources(edges, read[block.target].double()) > 0
        for k, group in enumerate(graph.groups):
            for gated in group.gates:
                read[k] |= read[gated]

    return _settled(read, spread)


def _vary(graph: NetworkGraph, joined: list[Tensor]) -> Kept:
    """The nodes that depend on the network's input."""
    vary = [torch.full((g.size,), g.role is Role.INPUT and g.name != ONES) for g in graph.groups]

    def spread() -> None:
        for block, edges in zip(graph.blocks, joined, strict=True):
            vary[block.target] |= block.at_targets(edges, vary[block.source].double()) > 0
        for k, group in enumerate(graph.groups):
            for gated in group.gates:
                vary[gated] |= vary[k]

    return _settled(vary, spread)


def _settled(nodes: Kept, spread: Callable[[], None]) -> Kept:
    """Nodes that ``spread`` adds to, once it adds none."""
    before = None
    while before != (now := [int(part.sum()) for part in nodes]):
        before = now
        spread()
    return nodes


def _together(graph: NetworkGraph, kept: Kept) -> Kept:
    """Keep what permutes with something kept, all of what is fixed, and one node of each group."""
    leaders = [
        k if g.permutes_with is None else g.permutes_with for k, g in enumerate(graph.groups)
    ]
    shared = [torch.zeros(g.size, dtype=torch.bool) for g in graph.groups]
    for k, (group, leader) in enumerate(zip(graph.groups, leaders, strict=True)):
        whole = group.fixed or group.role is not Role.HIDDEN
        shared[leader] |= True if whole else kept[k]
    for nodes in shared:
        if not nodes.any():
            nodes[0] = True
    return [shared[leader].clone() for leader in leaders]


@dataclass(frozen=True)
class _Search:
    """Checks which constants can be folded.

    Attributes:
        graph: of the network.
        joined: 1 for each edge that is not zero, by block.
        read: nodes that an output depends on.
        inputs: of the layers.
    """

    graph: NetworkGraph
    joined: list[Tensor]
    read: Kept
    inputs: LayerInputs

    def shifts(self, kept: Kept) -> tuple[Shifts, list[tuple[int, int]]]:
        """What removed nodes add to those that stay, and the nodes that cannot be removed."""
        shifts: Shifts = {}
        blocked: list[tuple[int, int]] = []
        for block, edges in zip(self.graph.blocks, self.joined, strict=True):
            target = kept[block.target] & self.read[block.target]
            if block.diagonal:
                continue  # its ends go together
            removed = ~kept[block.source] & self.read[block.source]
            for source in removed.nonzero().flatten().tolist():
                targets = ((block.matrix(edges)[:, source] > 0) & target).nonzero().flatten()
                if not len(targets):
                    continue
                shift = self.inputs.shift(block, source, targets)
                if shift is None:
                    blocked.append((block.source, source))
                    continue
                rows = self.graph.parameter_shapes[block.weight][0]
                total = shifts.setdefault(block.weight, shift.new_zeros(rows))
                total[block.row + targets] += shift
        return shifts, blocked

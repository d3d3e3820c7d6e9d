"""Views of networks of one architecture, whose edges are dense blocks."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import accumulate, groupby, pairwise

import torch

from scalegmn.graph.groups import Role
from scalegmn.graph.network_graph import NetworkGraph
from scalegmn.nn.execution.bands import Band, BlockBand, Index, IndexBand
from scalegmn.nn.execution.diagonal_band import DiagonalBand
from scalegmn.nn.execution.fused.index import layer_index
from scalegmn.nn.execution.view import GraphView

# Below so many edges the number of operations counts, above it their size.
FEW_EDGES = 4096
# A layer with more numbers in one edge feature tensor keeps nothing for the backward pass.
MANY_NUMBERS = 1 << 23


def dense_views(
    graph: NetworkGraph,
    device: torch.device,
    *,
    num_networks: int,
    d: int,
    num_layers: int,
    roles: tuple[Role, ...],
    edges_read: bool,
    both_ways: bool,
    reads_sign: bool = True,
) -> tuple[GraphView, ...]:
    """The view of every layer, in the layout that suits the size of the features.

    Args:
        graph: the architecture.
        device: of the features.
        num_networks: how many networks lie along the batch axis.
        d: width of features.
        num_layers: how many layers there are.
        roles: of the nodes that are read after the last one.
        edges_read: so are the edges.
        both_ways: messages go against the edges, too.
        reads_sign: which nodes may change their sign is read.
    """
    kept_edges = MANY_NUMBERS // max(1, num_networks * d)
    few = num_networks * graph.num_edges <= FEW_EDGES
    merged = few and graph.num_edges <= kept_edges
    return _views(
        graph,
        device,
        num_layers=num_layers,
        roles=roles,
        edges_read=edges_read,
        both_ways=both_ways,
        reads_sign=reads_sign,
        merged=merged,
        indexed=merged and num_networks == 1,
        kept_edges=kept_edges,
    )


@lru_cache(maxsize=64)
def _views(
    graph: NetworkGraph,
    device: torch.device,
    *,
    num_layers: int,
    roles: tuple[Role, ...],
    edges_read: bool,
    both_ways: bool,
    reads_sign: bool,
    merged: bool,
    indexed: bool,
    kept_edges: int,
) -> tuple[GraphView, ...]:
    """The views: a layer computes only along blocks on which what is read in the end depends.

    ``merged`` computes successive blocks together, by index, where the same functions do;
    ``indexed`` lists the edges, for one network.
    Layers with more than ``kept_edges`` keep nothing for the backward pass.
    """
    nodes = _nodes(graph, device, reads_sign)
    everything = list(range(len(graph.blocks)))
    needed = [everything] * num_layers
    if not edges_read:
        needed = blocks_needed(graph, num_layers, roles, both_ways=both_ways)
    stages = [everything, *needed[1:], everything if edges_read else []]
    views = []
    for blocks, (stored, kept) in zip(needed, pairwise(stages), strict=True):
        old, new = _places(graph, stored), _places(graph, kept)
        runs = _runs(graph, blocks, stored, kept, both_ways) if merged else [[k] for k in blocks]
        bands = tuple(_band(graph, run, old, new, device) for run in runs)
        recompute = sum(graph.blocks[k].num_edges for k in blocks) > kept_edges
        index = layer_index(bands, nodes.role_nodes, device) if indexed else None
        views.append(replace(nodes, bands=bands, recompute=recompute, index=index))
    return tuple(views)


def blocks_needed(
    graph: NetworkGraph, num_layers: int, roles: Sequence[Role], *, both_ways: bool
) -> list[list[int]]:
    """For each layer, the blocks whose messages reach a node of these roles in the end.

    Args:
        graph: the architecture.
        num_layers: how many layers there are.
        roles: of the nodes that are read after the last one.
        both_ways: messages go against the edges, too.
    """
    read = {k for k, group in enumerate(graph.groups) if group.role in roles}
    needed: list[list[int]] = []
    for _ in range(num_layers):
        blocks = [
            k
            for k, block in enumerate(graph.blocks)
            if block.target in read or (both_ways and block.source in read)
        ]
        needed.insert(0, blocks)
        # A message reads both ends: the published one its target's encoding, others more.
        read |= {end for k in blocks for end in (graph.blocks[k].source, graph.blocks[k].target)}
    return needed


def _nodes(graph: NetworkGraph, device: torch.device, reads_sign: bool = True) -> GraphView:
    """Where the nodes lie; no bands."""
    by_role: dict[Role, Index] = {}
    for role in Role:
        nodes = (graph.node_roles == role).nonzero().squeeze(1)
        if len(nodes):
            first, last = int(nodes[0]), int(nodes[-1])
            # Side by side in one network; apart where several architectures are joined.
            apart = last - first + 1 != len(nodes)
            by_role[role] = nodes.to(device) if apart else slice(first, last + 1)
    return GraphView(
        (),
        graph.num_nodes,
        by_role,
        graph.node_types.to(device),
        graph.edge_types.to(device),
        graph.sign_nodes.to(device)[None, :, None] if reads_sign else None,
    )


def _places(graph: NetworkGraph, blocks: Sequence[int]) -> dict[int, slice]:
    """Where each block's edges lie when only those of some blocks are stored."""
    ends = accumulate((graph.blocks[k].num_edges for k in blocks), initial=0)
    return {k: slice(*place) for k, place in zip(blocks, pairwise(ends), strict=True)}


def _roles(graph: NetworkGraph, block: int) -> tuple[Role, Role]:
    ends = graph.blocks[block]
    return graph.groups[ends.source].role, graph.groups[ends.target].role


def _runs(
    graph: NetworkGraph,
    blocks: Sequence[int],
    stored: Sequence[int],
    kept: Sequence[int],
    both_ways: bool,
) -> list[list[int]]:
    """Successive blocks whose edges are computed by the same functions."""

    def functions(block: int) -> tuple[object, ...]:
        roles = _roles(graph, block) if both_ways else _roles(graph, block)[1:]
        # A gap in what is stored ends a run: its edges are one slice.
        return *roles, block in kept, stored.index(block) - blocks.index(block)

    return [list(run) for _, run in groupby(blocks, functions)]


def _band(
    graph: NetworkGraph,
    run: list[int],
    old: dict[int, slice],
    new: dict[int, slice],
    device: torch.device,
) -> Band:
    roles, edges = _roles(graph, run[0]), _hull([old[k] for k in run])
    updated = _hull([new[k] for k in run]) if run[0] in new else None
    sources = [graph.node_slices[graph.blocks[k].source] for k in run]
    targets = [graph.node_slices[graph.blocks[k].target] for k in run]
    if len(run) == 1:
        band = DiagonalBand if graph.blocks[run[0]].diagonal else BlockBand
        return band(roles, edges, updated, sources[0], targets[0])
    index = [graph.edge_index[:, graph.edge_slices[k]] for k in run]
    edge_index = torch.cat(index, dim=1).to(device)
    return IndexBand(roles, edges, updated, edge_index, _hull(sources), _hull(targets))


def _hull(parts: Sequence[slice]) -> slice:
    return slice(min(p.start for p in parts), max(p.stop for p in parts))

"""Balance hidden-unit scales so that weight magnitudes are comparable."""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

from scalegmn.graph import NetworkGraph, Role
from scalegmn.symmetry import PermScale


@torch.no_grad()
def balancing(
    graph: NetworkGraph,
    params: Mapping[str, Tensor],
    *,
    order: Literal[1, 2] = 2,
    tolerance: float = 1e-6,
    sweeps: int = 500,
) -> PermScale:
    r"""The scaling of hidden units that makes the p-norm of the parameters least.

    A unit's factor :math:`q` turns the sums :math:`A` of :math:`|\theta|^p` over what it receives,
    bias included, and :math:`B` over what it sends into :math:`q^p A + B / q^p`, which is least at
    :math:`q^{2p} = B / A`. This is convex in :math:`\log q`: going round the layers converges.
    Units that receive or send nothing keep their scale.

    Reference: Stock et al., *Equi-normalization of Neural Networks*, 2019, arXiv:1902.10416.

    Args:
        graph: the architecture.
        params: of one network.
        order: p; 2 for the sum of squares, 1 for that of magnitudes.
        tolerance: largest change of a logarithm in the last sweep.
        sweeps: the largest number of passes over the layers.
    """
    x_V, x_E = (x.double() for x in graph.features(params))
    bias = x_V.abs().pow(order).squeeze(-1)
    edges = x_E.abs().pow(order).sum(-1)
    blocks = [
        edges[rows].view(block.n_out, block.n_in)
        for block, rows in zip(graph.blocks, graph.edge_slices, strict=True)
    ]
    log = torch.zeros_like(bias)
    for _ in range(sweeps):
        change = 0.0
        for k, group in enumerate(graph.groups):
            if group.role is Role.HIDDEN and group.freedom.positive:
                step = _step(graph, k, bias, blocks, log, order)
                log[graph.node_slices[k]] += step
                change = max(change, step.abs().max().item())
        if change <= tolerance:
            break
    return PermScale(graph, torch.arange(graph.num_nodes), log.exp())


def _step(
    graph: NetworkGraph, k: int, bias: Tensor, blocks: list[Tensor], log: Tensor, order: int
) -> Tensor:
    """The best change of the logarithmic factors of group ``k``, all others fixed."""
    nodes = graph.node_slices[k]
    received = bias[nodes] * (order * log[nodes]).exp()
    sent = torch.zeros_like(received)
    for block, norms in zip(graph.blocks, blocks, strict=True):
        target, source = log[graph.node_slices[block.target]], log[graph.node_slices[block.source]]
        if block.target == k:
            received = received + (norms * (order * (target[:, None] - source)).exp()).sum(1)
        if block.source == k:
            sent = sent + (norms * (order * (target[:, None] - source)).exp()).sum(0)
    both = (received > 0) & (sent > 0)
    return torch.where(both, (sent / received).masked_fill(~both, 1).log() / (2 * order), 0.0)

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
    Units that receive or send nothing keep their scale. Where a layer reads the stream that it is
    added to, all of whose units change at once, :math:`q^{4p} = B / A`: the minimum of the bound
    :math:`q_i^p / q_j^p \le (q_i^{2p} + q_j^{-2p}) / 2`, so that no step makes the sum larger.

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
    blocks = list(x_E.abs().pow(order).sum(-1).split([block.num_edges for block in graph.blocks]))
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
    sent, power = torch.zeros_like(received), 2 * order
    for block, norms in zip(graph.blocks, blocks, strict=True):
        ends = log[graph.node_slices[block.target]], log[graph.node_slices[block.source]]
        scaled = norms * block.at_edges((order * ends[0]).exp(), (-order * ends[1]).exp())
        if block.target == k:
            received = received + block.at_targets(scaled, torch.ones_like(ends[1]))
        if block.source == k:
            sent = sent + block.at_sources(scaled, torch.ones_like(ends[0]))
        if block.source == block.target == k:
            power = 4 * order
    both = (received > 0) & (sent > 0)
    return torch.where(both, (sent / received).masked_fill(~both, 1).log() / power, 0.0)

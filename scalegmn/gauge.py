"""Balance hidden-unit scales so that weight magnitudes are comparable."""

from collections.abc import Mapping

import torch
from torch import Tensor

from scalegmn.graph import NetworkGraph, Role
from scalegmn.symmetry import PermScale


@torch.no_grad()
def balancing(
    graph: NetworkGraph, params: Mapping[str, Tensor], *, tolerance: float = 1e-6, sweeps: int = 500
) -> PermScale:
    r"""The scaling of hidden units that makes the sum of squared parameters least.

    A unit's factor :math:`q` turns the squared norms :math:`A` of what it receives, bias included,
    and :math:`B` of what it sends into :math:`q^2 A + B / q^2`, which is least at
    :math:`q^4 = B / A`. This is convex in :math:`\log q`: going round the layers converges. Units
    that receive or send nothing keep their scale. Where a layer reads the stream that it is added
    to, all of whose units change at once, :math:`q^8 = B / A`: the minimum of the bound
    :math:`q_i^2 / q_j^2 \le (q_i^4 + q_j^{-4}) / 2`, so that no step makes the sum larger.

    Reference: Stock et al., *Equi-normalization of Neural Networks*, 2019, arXiv:1902.10416.

    Args:
        graph: the architecture.
        params: of one network.
        tolerance: largest change of a logarithm in the last sweep.
        sweeps: the largest number of passes over the layers.
    """
    x_V, x_E = (x.double() for x in graph.features(params))
    bias = x_V.square().squeeze(-1)
    blocks = list(x_E.square().sum(-1).split([block.num_edges for block in graph.blocks]))
    log = torch.zeros_like(bias)
    for _ in range(sweeps):
        change = 0.0
        for k, group in enumerate(graph.groups):
            if group.role is Role.HIDDEN and group.freedom.positive:
                step = _step(graph, k, bias, blocks, log)
                log[graph.node_slices[k]] += step
                change = max(change, step.abs().max().item())
        if change <= tolerance:
            break
    return PermScale(graph, torch.arange(graph.num_nodes), log.exp())


def _step(graph: NetworkGraph, k: int, bias: Tensor, blocks: list[Tensor], log: Tensor) -> Tensor:
    """The best change of the logarithmic factors of group ``k``, all others fixed."""
    nodes = graph.node_slices[k]
    received = bias[nodes] * (2 * log[nodes]).exp()
    sent, power = torch.zeros_like(received), 4
    for block, norms in zip(graph.blocks, blocks, strict=True):
        ends = log[graph.node_slices[block.target]], log[graph.node_slices[block.source]]
        squares = norms * block.at_edges((2 * ends[0]).exp(), (-2 * ends[1]).exp())
        if block.target == k:
            received = received + block.at_targets(squares, torch.ones_like(ends[1]))
        if block.source == k:
            sent = sent + block.at_sources(squares, torch.ones_like(ends[0]))
        if block.source == block.target == k:
            power = 8
    both = (received > 0) & (sent > 0)
    return torch.where(both, (sent / received).masked_fill(~both, 1).log() / power, 0.0)

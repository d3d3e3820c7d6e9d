"""The strength of the paths through each weight of a network."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from scalegmn.graph.groups import Role
from scalegmn.graph.network_graph import NetworkGraph

LOWEST = -10.0


@torch.no_grad()
def path_strength(graph: NetworkGraph, params: Mapping[str, Tensor]) -> dict[str, Tensor]:
    r"""The logarithm of the sum over all paths from inputs to outputs through a weight.

    .. math::
        S(w) = \log \Bigl( \alpha_s\, |w|\, \beta_t \Bigr), \qquad
        \alpha_t = \sum_{s \to t} \lVert W_{ts} \rVert_1\, \alpha_s, \quad
        \beta_s = \sum_{s \to t} \lVert W_{ts} \rVert_1\, \beta_t

    for a weight w on the edge from s to t; :math:`\alpha` is 1 at inputs and :math:`\beta` at
    outputs. A path's strength is the product of the magnitudes along it. No factor of hidden units
    changes it. It is SynFlow's score, Tanaka et al., *Pruning neural networks without any data by
    iteratively conserving synaptic flow*, 2020, arXiv:2006.05467.

    Args:
        graph: the architecture.
        params: of one network or, with a leading axis, of a batch.

    Returns:
        :math:`S` by weight, in the weights' shapes, of mean 0 and deviation 1 over each network;
        ``LOWEST`` for weights without any path. Not differentiable in the parameters.
    """
    # Products over many layers leave the range of float32.
    kernels = [kernel.double().abs() for kernel in graph.kernels(params)]
    forward = _strengths(graph, kernels, Role.INPUT)
    backward = _strengths(graph, kernels, Role.OUTPUT)
    logs = [
        (kernel * b.at_edges(backward[b.target], forward[b.source]).unsqueeze(-1)).log().flatten(-2)
        for b, kernel in zip(graph.blocks, kernels, strict=True)
    ]
    values = _standardized(torch.cat(logs, dim=-1)).to(params[graph.blocks[0].weight].dtype)
    parts = values.split([log.shape[-1] for log in logs], dim=-1)
    return graph.weights(
        [part.unflatten(-1, k.shape[-2:]) for part, k in zip(parts, kernels, strict=True)]
    )


def _strengths(graph: NetworkGraph, kernels: Sequence[Tensor], start: Role) -> list[Tensor]:
    """α or β of the nodes of each group, from the inputs on or from the outputs back.

    Blocks are in the order of the calls, so that what a layer reads is complete.
    """
    along = start is Role.INPUT
    first = kernels[0]
    found = [
        first.new_full((*first.shape[:-2], group.size), float(group.role is start))
        for group in graph.groups
    ]
    pairs = list(zip(graph.blocks, kernels, strict=True))
    for block, kernel in pairs if along else reversed(pairs):
        edges, target, source = kernel.sum(-1), block.target, block.source
        if along:
            found[target] = found[target] + block.at_targets(edges, found[source])
        else:
            found[source] = found[source] + block.at_sources(edges, found[target])
    return found


def _standardized(logs: Tensor) -> Tensor:
    """Mean 0 and deviation 1 along the last axis; minus infinity becomes ``LOWEST``."""
    found = logs.isfinite()
    count = found.sum(-1, keepdim=True).clamp(min=1)
    centred = logs.masked_fill(~found, 0)
    centred = (centred - centred.sum(-1, keepdim=True) / count).masked_fill(~found, 0)
    deviation = (centred.square().sum(-1, keepdim=True) / count).sqrt()
    return (centred / deviation.masked_fill(deviation == 0, 1)).masked_fill(~found, LOWEST)

"""The strength of the paths through each weight of a network."""

from collections.abc import Mapping

import torch
from torch import Tensor

from scalegmn.graph.groups import EdgeBlock, Role
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
    batch = graph.batch_shape(params)
    # Products over many layers leave the range of float32.
    kernels = {
        block.weight: params[block.weight]
        .double()
        .abs()
        .reshape(*batch, block.n_out, block.n_in, block.edge_dim)
        for block in graph.blocks
    }
    forward = _strengths(graph, kernels, Role.INPUT)
    backward = _strengths(graph, kernels, Role.OUTPUT)
    logs = [
        (
            forward[b.source][..., None, :, None]
            * kernels[b.weight]
            * backward[b.target][..., :, None, None]
        )
        .log()
        .flatten(-3)
        for b in graph.blocks
    ]
    values = _standardized(torch.cat(logs, dim=-1)).to(params[graph.blocks[0].weight].dtype)
    parts = values.split([log.shape[-1] for log in logs], dim=-1)
    return {
        b.weight: part.reshape(*batch, *b.shape)
        for b, part in zip(graph.blocks, parts, strict=True)
    }


def _strengths(
    graph: NetworkGraph, kernels: Mapping[str, Tensor], start: Role
) -> dict[int, Tensor]:
    """α or β of the nodes of each group, from the inputs on or from the outputs back."""
    along = start is Role.INPUT
    template = next(iter(kernels.values()))
    found: dict[int, Tensor] = {}
    order = range(len(graph.groups))
    for k in order if along else reversed(order):
        total = template.new_full(
            (*template.shape[:-3], graph.groups[k].size), float(graph.groups[k].role is start)
        )
        for block in graph.blocks:
            if k == (block.target if along else block.source):
                total = total + _through(block, kernels, found, along=along)
        found[k] = total
    return found


def _through(
    block: EdgeBlock, kernels: Mapping[str, Tensor], found: Mapping[int, Tensor], *, along: bool
) -> Tensor:
    """What a block passes on."""
    matrix = kernels[block.weight].sum(-1)
    if along:
        return (matrix @ found[block.source].unsqueeze(-1)).squeeze(-1)
    return (matrix.mT @ found[block.target].unsqueeze(-1)).squeeze(-1)


def _standardized(logs: Tensor) -> Tensor:
    """Mean 0 and deviation 1 along the last axis; minus infinity becomes ``LOWEST``."""
    found = logs.isfinite()
    count = found.sum(-1, keepdim=True).clamp(min=1)
    centred = logs.masked_fill(~found, 0)
    centred = (centred - centred.sum(-1, keepdim=True) / count).masked_fill(~found, 0)
    deviation = (centred.square().sum(-1, keepdim=True) / count).sqrt()
    return (centred / deviation.masked_fill(deviation == 0, 1)).masked_fill(~found, LOWEST)

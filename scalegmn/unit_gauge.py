"""One network of all that scales of hidden units make equal, in closed form."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from scalegmn.graph import NetworkGraph, Role


def with_unit_inputs(graph: NetworkGraph, params: Mapping[str, Tensor]) -> dict[str, Tensor]:
    r"""The equal network in which every hidden unit's incoming weights and bias have norm 1.

    Going from inputs to outputs, a unit with a positive factor gets

    .. math:: q_i = 1 \Big/ \sqrt{b_i^2 + \sum_j \lVert W_{ij} \rVert^2 / q_j^2}

    so that the size of the network is that of its last layer. Networks that differ by scales only
    have the same form. Unlike :func:`scalegmn.gauge.balancing` it takes one pass and is
    differentiable. Units that receive nothing keep their scale.

    Args:
        graph: the architecture.
        params: of one network or, with a leading axis, of a batch.
    """
    batch = graph.batch_shape(params)
    kernels = {
        block.weight: params[block.weight].reshape(*batch, block.n_out, block.n_in, -1)
        for block in graph.blocks
    }
    any_param = next(iter(params.values()))
    scales = [any_param.new_ones(*batch, group.size) for group in graph.groups]
    for k, group in enumerate(graph.groups):
        if group.role is Role.HIDDEN and group.freedom.positive:
            squares = torch.zeros_like(scales[k])
            if group.bias is not None:
                squares = squares + params[group.bias].square()
            for block in graph.blocks:
                if block.target == k:
                    scaled = kernels[block.weight] / scales[block.source][..., None, :, None]
                    squares = squares + scaled.square().sum((-1, -2))
            scales[k] = _inverse_root(squares)
    out = dict(params)
    for block in graph.blocks:
        factor = scales[block.target][..., :, None] / scales[block.source][..., None, :]
        moved = factor[..., None] * kernels[block.weight]
        out[block.weight] = moved.reshape(params[block.weight].shape)
    for group, scale in zip(graph.groups, scales, strict=True):
        if group.bias is not None:
            out[group.bias] = scale * params[group.bias]
    return out


def _inverse_root(squares: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
    """1 / √x; 1 with gradient 0 where x is 0."""
    empty = squares == 0
    return torch.where(empty, 1.0, squares.masked_fill(empty, 1.0).rsqrt())

"""Norms of the weights of each channel."""

from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from scalegmn.graph import NetworkGraph, Role, indices
from scalegmn.pruning.objective import l1

ChannelNorm = Callable[[NetworkGraph, Mapping[str, Tensor]], list[Float[Tensor, " _n"]]]
"""Maps weights, or scores of weights, to one number for each node of each group.

Channels that go together (depthwise convolutions, gates) are summed in the group that leads them;
the others of them, inputs and outputs have zeros.
"""


def all_edges(graph: NetworkGraph, weights: Mapping[str, Tensor]) -> list[Float[Tensor, " _n"]]:
    r"""The norm of all that is removed with a channel: the weights into and out of it.

    .. math:: \lVert c \rVert_2 = \sqrt{\sum_{e \to c} w_e^2 + \sum_{c \to e} w_e^2}

    Reference: Fang et al., *DepGraph: Towards Any Structural Pruning*, 2023, arXiv:2301.12900,
    section 3.3.

    Args:
        graph: the architecture.
        weights: by name; tensors of the graph that are not given count as zeros.
    """
    squares = _sums(graph, weights, Tensor.square, both_ways=True)
    return [torch.where(s > 0, s, 1).sqrt() * (s > 0) for s in squares]


def filters(graph: NetworkGraph, weights: Mapping[str, Tensor]) -> list[Float[Tensor, " _n"]]:
    r"""The L1-norm of the filters that make a channel: the weights into it.

    .. math:: \lVert c \rVert_1 = \sum_{e \to c} |w_e|

    Reference: Li et al., *Pruning Filters for Efficient ConvNets*, 2017, arXiv:1608.08710.

    Args:
        graph: the architecture.
        weights: by name; tensors of the graph that are not given count as zeros.
    """
    return _sums(graph, weights, Tensor.abs, both_ways=False)


def group_lasso(graph: NetworkGraph, weights: Mapping[str, Tensor]) -> Float[Tensor, ""]:
    r"""The sum of the norms of all hidden channels, differentiable and with gradient 0 at 0.

    .. math:: \sum_c \lVert c \rVert_2

    Reference: Yuan and Lin, *Model selection and estimation in regression with grouped variables*,
    2006; on channels: Wen et al., 2016, arXiv:1608.03665.
    """
    return torch.stack([norms.sum() for norms in all_edges(graph, weights)]).sum()


def l1_and_groups(
    graph: NetworkGraph, params: Mapping[str, Tensor], *, group_weight: float
) -> Float[Tensor, ""]:
    r"""A penalty under which weights and whole channels die.

    .. math:: \lVert \theta \rVert_1 + \mu \sum_c \lVert c \rVert_2

    Args:
        graph: the architecture.
        params: all parameters by name, biases included.
        group_weight: μ.
    """
    return l1(params) + group_weight * group_lasso(graph, params)


def _sums(
    graph: NetworkGraph,
    weights: Mapping[str, Tensor],
    size: Callable[[Tensor], Tensor],
    *,
    both_ways: bool,
) -> list[Tensor]:
    first = next(iter(weights.values()))
    shapes = graph.parameter_shapes
    given = {n: weights[n] if n in weights else first.new_zeros(shapes[n]) for n in shapes}
    sums = [first.new_zeros(group.size) for group in graph.groups]
    for block, kernel in zip(graph.blocks, graph.kernels(given), strict=True):
        edges = size(kernel).sum(-1)
        into = block.at_targets(edges, edges.new_ones(block.n_in))
        sums[block.target] = sums[block.target] + into
        if both_ways:
            out_of = block.at_sources(edges, edges.new_ones(block.n_out))
            sums[block.source] = sums[block.source] + out_of
    return _led(graph, sums)


def _led(graph: NetworkGraph, sums: list[Tensor]) -> list[Tensor]:
    """The sums over channels that go together, at the group that leads them."""
    led = [torch.zeros_like(s) for s in sums]
    for k, leader in enumerate(indices.leaders(graph.groups)):
        if graph.groups[k].role is Role.HIDDEN:
            led[leader] = led[leader] + sums[k]
    return led

"""Check that metanetworks can read parameters without overflow."""

from collections.abc import Iterator, Mapping

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from scalegmn.graph.network_graph import NetworkGraph

# What learned maps inside a metanetwork may add to the size of what it reads.
MARGIN = 1e4


def largest_value(dtype: torch.dtype) -> float:
    """The largest value that metanetworks read in a precision: 1.8e15 in float32.

    Layer normalisation squares features. Above 1e19 the squares overflow in float32, and it returns
    its bias, whatever the features are, or NaN.
    """
    return torch.finfo(dtype).max ** 0.5 / MARGIN


def check_range(graph: NetworkGraph, params: Mapping[str, Tensor], rounds: int) -> None:
    """Check, once and not in every step, that a metanetwork can read parameters.

    Args:
        graph: the architecture.
        params: of one network or, with leading axes, of a batch.
        rounds: of message passing, in which features grow with the weights on their way.

    Raises:
        ValueError: naming the first parameter that is not finite, or where parameters or sums of
            messages are above :func:`largest_value`.
    """
    limit = largest_value(params[graph.blocks[0].weight].dtype)
    for name, size in _sizes(graph, params, rounds):
        largest = size.max().item()
        if not largest < float("inf"):
            raise ValueError(f"{name} holds NaN or infinity, or what it makes of signals is")
        if largest > limit:
            raise ValueError(
                f"{name} makes values of {largest:.1e}: metanetworks read at most {limit:.1e} in "
                "this precision, as layer norms square what they read"
            )


def in_range(
    graph: NetworkGraph, params: Mapping[str, Tensor], rounds: int
) -> Bool[Tensor, "*batch"]:
    """Mark the networks of a batch for which :func:`check_range` raises nothing."""
    limit = largest_value(params[graph.blocks[0].weight].dtype)
    marks = [size <= limit for _, size in _sizes(graph, params, rounds)]
    return torch.stack(marks).all(dim=0)


def _sizes(
    graph: NetworkGraph, params: Mapping[str, Tensor], rounds: int
) -> Iterator[tuple[str, Float[Tensor, "*batch"]]]:
    """By parameter, its largest entry, then the largest sum of messages in each round.

    Sums are those of terms of independent signs. Features begin with 1, the size of encodings.
    """
    batch = graph.batch_shape(params)
    detached = {name: params[name].detach() for name in graph.parameter_shapes}
    squares = {name: value.double().square() for name, value in detached.items()}
    for name, square in squares.items():
        yield name, square.flatten(len(batch)).amax(-1).sqrt()
    device = squares[graph.blocks[0].weight].device
    own = [
        torch.ones(*batch, group.size, dtype=torch.float64, device=device)
        if group.bias is None
        else squares[group.bias].clamp(min=1)
        for group in graph.groups
    ]
    kernels = [kernel.double().square().sum(-1) for kernel in graph.kernels(detached)]
    nodes = own
    for _ in range(rounds):
        reached = list(own)
        for block, kernel in zip(graph.blocks, kernels, strict=True):
            sums = block.at_targets(kernel, nodes[block.source])
            yield block.weight, sums.amax(-1).sqrt()
            reached[block.target] = reached[block.target] + sums
        nodes = reached

"""Measure how much of a network some of its channels are."""

from collections.abc import Callable, Sequence
from math import prod

import torch
from torch import Tensor, nn

from scalegmn.graph import NetworkGraph
from scalegmn.graph.fold import LAYERS

Budget = Callable[[nn.Module, NetworkGraph, Tensor], Callable[[Sequence[int]], int]]
"""Makes, for a network, its graph and an example, a function of the channels left in each group.

Sparsity is the fraction of this function's value at all channels that is pruned.
"""


def count_channels(
    net: nn.Module, graph: NetworkGraph, example_input: Tensor
) -> Callable[[Sequence[int]], int]:
    """The number of channels that could be pruned; those that go together count once."""
    own = [k for k, g in enumerate(graph.groups) if g.permutes_freely and not g.fixed]
    return lambda left: sum(left[k] for k in own)


def count_macs(
    net: nn.Module, graph: NetworkGraph, example_input: Tensor
) -> Callable[[Sequence[int]], int]:
    """Multiply-accumulates of all layers for one image, zeros inside channels included."""
    times = positions(net, example_input)
    costs = [block.edge_dim * times.get(block.weight, 0) for block in graph.blocks]

    def macs(left: Sequence[int]) -> int:
        total = 0
        for block, cost in zip(graph.blocks, costs, strict=True):
            edges = left[block.target] * (1 if block.diagonal else left[block.source])
            total += cost * edges
        return total

    return macs


@torch.no_grad()
def positions(net: nn.Module, x: Tensor) -> dict[str, int]:
    """How often each weight of a layer is applied for one image."""
    found: dict[str, int] = {}
    handles = []
    for name, layer in net.named_modules():
        if not isinstance(layer, LAYERS):
            continue

        def count(module: nn.Module, args: object, out: Tensor, name: str = name) -> None:
            axes = out.shape[1:-1] if isinstance(module, nn.Linear) else out.shape[2:]
            found[f"{name}.weight"] = prod(axes)

        handles.append(layer.register_forward_hook(count))
    training = [m for m in net.modules() if m.training]
    try:
        net.eval()(x[:1])
    finally:
        for module in training:
            module.training = True
        for handle in handles:
            handle.remove()
    return found

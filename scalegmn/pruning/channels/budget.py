"""Measure how much of a network some of its channels are."""

from collections import Counter
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from scalegmn.graph import NetworkGraph

# Functions that apply a weight, their second argument.
APPLYING = (F.linear, F.conv1d, F.conv2d, F.conv3d)

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
    """How often each weight of a layer is applied for one image, by modules or functions."""
    training = [m for m in net.modules() if m.training]
    try:
        with _Applications(net) as counted:
            net.eval()(x[:1])
    finally:
        for module in training:
            module.training = True
    return dict(counted.found)


class _Applications(TorchFunctionMode):
    """Counts what the weights of a network are applied to."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.names = {id(parameter): name for name, parameter in net.named_parameters()}
        self.found: Counter[str] = Counter()

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        weight = args[1] if len(args) > 1 else (kwargs or {}).get("weight")
        if func in APPLYING and (name := self.names.get(id(weight))) is not None:
            self.found[name] += prod(out.shape[1:-1] if func is F.linear else out.shape[2:])
        return out

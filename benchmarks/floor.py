"""What a step costs at least: its operations and its bytes, at the speeds this machine reaches."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from scalegmn.graph import NetworkGraph


@dataclass(frozen=True)
class Floor:
    """Lower bounds on a step.

    Attributes:
        operations: of its matrix products, with those that are done again in the backward pass.
        bytes: of what has to be read and written if all else stays in the cache.
        seconds: the larger of the two, divided by the machine's speed.
    """

    operations: float
    bytes: float
    seconds: float


def floor(step: Callable[[], None], num_bytes: float, device: str) -> Floor:
    """The floor of a step, counted in one run of it.

    Args:
        step: runs forwards and backwards.
        num_bytes: see :func:`edge_bytes`.
        device: where it runs.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # What other threads do is not seen.
    with _Products() as products:
        step()
    torch.set_num_threads(before)
    operations = products.operations
    seconds = max(operations / operations_per_second(device), num_bytes / bytes_per_second(device))
    return Floor(operations, num_bytes, seconds)


class _Products(TorchDispatchMode):
    """Counts the operations of matrix products, those of backward passes too."""

    operations = 0.0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        count = flop_registry.get(func.overloadpacket)
        if count is not None:
            self.operations += count(*args, **(kwargs or {}), out_val=out)
        return out


def edge_bytes(graph: NetworkGraph, *, batch: int, d: int, num_layers: int, writes: bool) -> float:
    """Bytes of edge features, in float32, that have to move in a forward and a backward pass.

    Kernels (``edge_dim`` numbers per edge) are read in both passes. Between two layers, features
    (``d`` numbers) are written once and read in both passes; their gradients are written and read
    once. An operator also writes the new kernels, and reads their gradients.
    """
    kernels = 2 + (2 if writes else 0)
    numbers = kernels * graph.taps + 5 * d * (num_layers - 1)
    return 4.0 * batch * graph.num_edges * numbers


def operations_per_second(device: str, n: int = 2048) -> float:
    """What the device reaches in a large product of float32 matrices."""
    x = torch.randn(n, n, device=device)
    return 2 * n**3 / _fastest(lambda: x @ x, device)


def bytes_per_second(device: str, n: int = 1 << 26) -> float:
    """What the device reaches in copying memory, reading and writing."""
    x = torch.randn(n, device=device)
    y = torch.empty_like(x)
    return 2 * x.nbytes / _fastest(lambda: y.copy_(x), device)


def _fastest(function: Callable[[], object], device: str, repeats: int = 10) -> float:
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        if device == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return min(seconds)

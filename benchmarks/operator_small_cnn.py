"""Passes and training step of the pruning operator on the small CNN, without the CNN's own."""

from collections.abc import Callable
from typing import Any

import torch

from benchmarks.floor import edge_bytes
from benchmarks.harness import PLAIN, Case, main
from benchmarks.plain_scatter import Plain
from scalegmn.graph import NetworkGraph
from scalegmn.metanetwork import Operator
from scalegmn.nn import Architecture, GatedIO
from scalegmn.targets import SmallCNN

# What torch.compile makes of it, in its fastest mode for small networks on this device.
COMPILE: dict[str, dict[str, Any]] = {
    "cpu": {"options": {"cpp_wrapper": True}},
    "cuda": {"mode": "reduce-overhead"},
}
CASES = [
    Case(
        f"width {d}{', compiled' if compiled else ''}{'' if optimizer else ', passes only'}",
        {"d": d, "compiled": compiled, "optimizer": optimizer},
        688,
    )
    for d, compiled, optimizer in ((18, 0, 0), (18, 0, 1), (18, 1, 0), (32, 0, 0), (64, 0, 0))
]


def build(side: str, device: str, *, d: int, compiled: int, optimizer: int) -> Callable[[], None]:
    """A step of one implementation, or its forward and backward pass only."""
    # The tensors are small: for both sides, a second thread costs more than it brings.
    torch.set_num_threads(1)
    net = SmallCNN().to(device)
    graph = NetworkGraph.from_module(net, torch.zeros(1, 1, 32, 32, device=device))
    arch = Architecture(
        io=GatedIO(separate=True), d=d, num_layers=2, equivariant_encoding=True, skip=True
    )
    operator = Operator(graph, arch).to(device)
    adam = torch.optim.Adam(operator.parameters(), lr=1e-3, fused=True)
    theta = {name: p.detach() for name, p in net.named_parameters()}
    plain = Plain(operator.gnn, graph)
    if compiled and side != PLAIN:
        operator.compile(**COMPILE[device])

    def step() -> None:
        if side == PLAIN:
            x_V, x_E = graph.features(theta)
            d_V, d_E = plain(x_V, x_E)
            new = graph.parameters(x_V + d_V, x_E + d_E)
        else:
            new = operator(graph, theta)
        torch.cat([value.flatten() for value in new.values()]).abs().sum().backward()
        if optimizer:
            torch.nn.utils.clip_grad_norm_(operator.parameters(), 10.0)
            adam.step()
        adam.zero_grad()

    step()  # Compilation is not a part of the step, nor is its memory.
    return step


def bytes_of(*, d: int, compiled: int, optimizer: int) -> float:
    """What a step has to move."""
    graph = NetworkGraph.from_module(SmallCNN(), torch.zeros(1, 1, 32, 32))
    return edge_bytes(graph, batch=1, d=d, num_layers=2, writes=True)


if __name__ == "__main__":
    main(build, CASES, repeats=300, bytes_of=bytes_of)

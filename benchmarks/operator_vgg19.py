"""Forward and backward pass of the pruning operator on VGGs, against the plain implementation."""

from collections.abc import Callable

import torch

from benchmarks.floor import edge_bytes
from benchmarks.harness import PLAIN, Case, main
from benchmarks.plain_scatter import plain_operator
from scalegmn.graph import NetworkGraph
from scalegmn.metanetwork import Operator
from scalegmn.nn import Architecture, GatedIO
from scalegmn.targets import VGG

EDGES = {11: 1_553_600, 13: 1_574_080, 16: 2_163_904, 19: 2_753_728}
# The baseline needs half a minute and ten gigabytes a step: it is run on the ends of the range.
CASES = [
    *(
        Case(
            f"VGG{depth}, width 18", {"depth": depth, "d": 18}, edges, with_plain=depth in (11, 19)
        )
        for depth, edges in EDGES.items()
    ),
    *(
        Case(f"VGG19, width {d}", {"depth": 19, "d": d}, EDGES[19], with_plain=False)
        for d in (32, 64)
    ),
]


def build(side: str, device: str, *, depth: int, d: int, compiled: int = 0) -> Callable[[], None]:
    """A step of one implementation."""
    net = VGG(depth).to(device)
    graph = NetworkGraph.from_module(net, torch.zeros(1, 3, 32, 32, device=device))
    arch = Architecture(
        io=GatedIO(separate=True), d=d, num_layers=2, equivariant_encoding=True, skip=True
    )
    operator = Operator(graph, arch).to(device)
    theta = {name: p.detach() for name, p in net.named_parameters()}

    def step() -> None:
        if side == PLAIN:
            x_V, x_E = graph.features(theta)
            d_V, d_E = plain_operator(operator, graph, x_V, x_E)
            new = graph.parameters(x_V + d_V, x_E + d_E)
        else:
            new = operator(graph, theta)
        torch.stack([value.abs().sum() for value in new.values()]).sum().backward()
        operator.zero_grad()

    return step


def bytes_of(*, depth: int, d: int) -> float:
    """What a step has to move."""
    graph = NetworkGraph.from_module(VGG(depth), torch.zeros(1, 3, 32, 32))
    return edge_bytes(graph, batch=1, d=d, num_layers=2, writes=True)


if __name__ == "__main__":
    main(build, CASES, repeats=2, bytes_of=bytes_of)

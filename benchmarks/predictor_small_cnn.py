"""Training step of the accuracy predictor on batches of small CNNs."""

from collections.abc import Callable

import torch

from benchmarks.floor import edge_bytes
from benchmarks.harness import PLAIN, Case, main
from benchmarks.plain_scatter import plain_functional
from scalegmn import readout
from scalegmn.graph import NetworkGraph
from scalegmn.metanetwork import Functional
from scalegmn.nn import Architecture
from scalegmn.targets import SmallCNN
from scalegmn.testing import random_networks

CASES = [
    Case(f"{batch} graphs, width {d}", {"batch": batch, "d": d}, 688 * batch)
    for batch, d in ((64, 18), (64, 32), (64, 64), (64, 128), (256, 64))
]


def build(side: str, device: str, *, batch: int, d: int, compiled: int = 0) -> Callable[[], None]:
    """A step of one implementation."""
    graph = NetworkGraph.from_module(SmallCNN(), torch.zeros(1, 1, 32, 32))
    functional = Functional(graph, Architecture(d=d), readout=readout.last_layer).to(device)
    optimizer = torch.optim.AdamW(functional.parameters(), lr=1e-3, fused=True)
    networks = {k: v.to(device) for k, v in random_networks(graph, batch).items()}
    accuracy = torch.rand(batch, device=device)

    def step() -> None:
        if side == PLAIN:
            out = plain_functional(functional, graph, *graph.features(networks))
        else:
            out = functional(graph, networks)
        (out.squeeze(-1).sigmoid() - accuracy).square().mean().backward()
        torch.nn.utils.clip_grad_norm_(functional.parameters(), 10.0)
        optimizer.step()
        optimizer.zero_grad()

    return step


def bytes_of(*, batch: int, d: int) -> float:
    """What a step has to move."""
    graph = NetworkGraph.from_module(SmallCNN(), torch.zeros(1, 1, 32, 32))
    return edge_bytes(graph, batch=batch, d=d, num_layers=4, writes=False)


if __name__ == "__main__":
    main(build, CASES, repeats=2, bytes_of=bytes_of)

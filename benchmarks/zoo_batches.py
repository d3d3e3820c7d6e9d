"""Batches of networks from a zoo in memory: one gather, or Data objects that are collated.

Times are per network.
"""

from collections.abc import Callable
from itertools import cycle

import pandas as pd
import torch
from torch import Tensor

from benchmarks.harness import PLAIN, Case, main
from benchmarks.plain_items import PlainItems, PygItems
from scalegmn.graph import NetworkGraph
from scalegmn.targets import SmallCNN
from scalegmn.zoo import Networks

NETWORKS = 12_000  # the training split of the official zoo
BATCHES = 20

CASES = [
    Case(
        f"{'features' if features else 'gather'}, batch {batch}, {'dense' if dense else 'to_pyg'}",
        {"batch": batch, "features": features, "dense": dense},
        edges=688 * batch,
        items=BATCHES * batch,
    )
    for batch, features, dense in [(64, 0, 1), (256, 0, 1), (64, 1, 1), (256, 1, 1), (64, 1, 0)]
]


def build(side: str, device: str, *, batch: int, features: int, dense: int) -> Callable[[], None]:
    """A step that makes some batches, each of other networks."""
    networks = random_zoo()
    graph = NetworkGraph.from_module(SmallCNN(), torch.zeros(1, 1, 32, 32))
    rows = cycle(torch.randperm(len(networks)).to(device).split(batch)[:-1])
    if side == PLAIN:
        items = (PlainItems if dense else PygItems)(graph, *by_item(networks))

        def plain_step() -> None:
            for _ in range(BATCHES):
                items.batch(next(rows).tolist()).to(device)

        return plain_step
    networks = networks.to(torch.device(device))

    def step() -> None:
        # No batch is kept: two at once make the allocator give memory back and fault it in again.
        for _ in range(BATCHES):
            if features:
                graph.features(networks[next(rows)].parameters)
            else:
                networks[next(rows)]

    return step


def by_item(networks: Networks) -> tuple[dict[str, Tensor], pd.DataFrame]:
    """Parameters of all networks, and their table."""
    whole = networks[torch.arange(len(networks))]
    names = ["tanh" if sign else "relu" for sign in whole.sign]
    return whole.parameters, pd.DataFrame(
        {"test_accuracy": whole.label.numpy(), "config.activation": names}
    )


def random_zoo() -> Networks:
    """As many networks as one trains on, so that they do not fit into a cache."""
    shapes = {name: tuple(t.shape) for name, t in SmallCNN().state_dict().items()}
    return Networks(
        torch.randn(NETWORKS, 4970),
        shapes,
        sign=torch.rand(NETWORKS) < 0.5,
        label=torch.rand(NETWORKS),
        sparsity=torch.zeros(NETWORKS),
    )


if __name__ == "__main__":
    main(build, CASES, repeats=5)

"""How far the pruning operator's change of a network is from that in float64, by precision.

Error: the largest difference over all weights, relative to the largest change.
"""

import json
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from rich.console import Console
from rich.table import Table
from torch import nn

from benchmarks.harness import RESULTS
from scalegmn.graph import NetworkGraph
from scalegmn.metanetwork import Operator
from scalegmn.nn import Architecture, GatedIO
from scalegmn.targets import VGG, SmallCNN

NETWORKS: dict[str, tuple[Callable[[], nn.Module], int]] = {
    "small CNN": (SmallCNN, 1),
    "VGG11": (lambda: VGG(11), 3),
}
PRECISIONS = ("float32", "high", "medium", "bfloat16 autocast")


def main() -> None:
    """Print and write the errors on this machine."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    errors = {name: errors_of(name, device) for name in NETWORKS}
    table = Table(title=f"operator_precision on {device}")
    for column in ("network", *PRECISIONS):
        table.add_column(column)
    for name, found in errors.items():
        table.add_row(name, *(f"{found[precision]:.1e}" for precision in PRECISIONS))
    Console(width=120).print(table)
    versions = {"python": platform.python_version(), "torch": torch.__version__}
    record = {"device": device, "versions": versions, "errors": errors}
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"precision_{device}.json"
    path.write_text(json.dumps(record, indent=2) + "\n")


def errors_of(name: str, device: str) -> dict[str, float]:
    """The error of every precision on one network."""
    torch.manual_seed(0)
    make, channels = NETWORKS[name]
    net = make().to(device)
    graph = NetworkGraph.from_module(net, torch.zeros(1, channels, 32, 32, device=device))
    arch = Architecture(
        io=GatedIO(separate=True), d=18, num_layers=2, equivariant_encoding=True, skip=True
    )
    operator = Operator(graph, arch).to(device)
    theta = {name: p.detach() for name, p in net.named_parameters()}

    def change(dtype: torch.dtype) -> torch.Tensor:
        with torch.no_grad():
            given = {name: p.to(dtype) for name, p in theta.items()}
            new = operator(graph, given)
        return torch.cat([(new[name].double() - theta[name]).flatten() for name in theta])

    found = {}
    for precision in PRECISIONS:
        with precise(precision, device):
            found[precision] = change(torch.float32)
    operator.double()
    exact = change(torch.float64)
    return {p: float((c - exact).abs().max() / exact.abs().max()) for p, c in found.items()}


@contextmanager
def precise(precision: str, device: str) -> Iterator[None]:
    """A precision of the operator's matrix products."""
    before = torch.get_float32_matmul_precision()
    known = precision in ("high", "medium")
    torch.set_float32_matmul_precision(precision if known else "highest")
    try:
        with torch.autocast(device, torch.bfloat16, enabled="autocast" in precision):
            yield
    finally:
        torch.set_float32_matmul_precision(before)


if __name__ == "__main__":
    main()

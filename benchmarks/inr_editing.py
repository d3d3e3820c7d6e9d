"""Training step of an editor of INRs: dilated images of SIRENs of 28x28 pixels."""

from collections.abc import Callable

import torch

from benchmarks.floor import edge_bytes
from benchmarks.harness import PLAIN, Case, main
from benchmarks.plain_scatter import Plain, plain_editor
from scalegmn.inr import (
    Dilation,
    INRImageEditor,
    MetanetworkEditor,
    absorb_frequency,
    initial_parameters,
    siren_graph,
    squared_error,
)
from scalegmn.metanetwork import Operator
from scalegmn.nn import Architecture, PlainIO, Sign
from scalegmn.targets import Siren

SIREN = Siren(1, (32, 32), w0=1.0)
SIZE, LAYERS = 28, 4
EDGES = siren_graph(SIREN).num_edges
# An epoch is many equal steps: the time of one INR, times their number, is that of an epoch.
CASES = [
    Case(f"{batch} INRs, width {d}", {"batch": batch, "d": d}, EDGES * batch, items=batch)
    for batch, d in ((64, 64), (64, 16))
]


def build(side: str, device: str, *, batch: int, d: int, compiled: int = 0) -> Callable[[], None]:
    """A step of one implementation."""
    arch = Architecture(
        kind=Sign(symmetrized=False),
        io=PlainIO(separate=True),
        d=d,
        num_layers=LAYERS,
        skip=True,
        preserve_size=True,
    )
    editor = INRImageEditor(MetanetworkEditor(arch), SIREN, SIZE, Dilation()).to(device)
    optimizer = torch.optim.AdamW(editor.parameters(), lr=1e-3, fused=True)
    # Unfitted: values do not change the time.
    sharp = Siren(1, (32, 32))
    params = absorb_frequency(sharp, initial_parameters(sharp, range(batch)))
    params = {name: p.to(device) for name, p in params.items()}
    target = editor.edit(torch.rand(batch, 1, SIZE, SIZE, device=device))
    graph, operator = editor.graph, editor.operator
    assert isinstance(operator, Operator)
    plain = Plain(operator.gnn, graph, batch)

    def step() -> None:
        if side == PLAIN:
            new = plain_editor(plain, operator, graph, params)
        else:
            new = operator(graph, params)
        squared_error(editor.render(new), target).mean().backward()
        torch.nn.utils.clip_grad_norm_(editor.parameters(), 10.0)
        optimizer.step()
        optimizer.zero_grad()

    return step


def bytes_of(*, batch: int, d: int) -> float:
    """What a step has to move."""
    return edge_bytes(siren_graph(SIREN), batch=batch, d=d, num_layers=LAYERS, writes=True)


if __name__ == "__main__":
    main(build, CASES, repeats=3, bytes_of=bytes_of)

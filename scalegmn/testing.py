r"""Measure how exactly a metanetwork respects the symmetries of the networks that it reads.

The error of one group element :math:`g` is
:math:`\max |g^{-1} f(g \theta) - f(\theta)|`, in units of the spread of :math:`f` over
independently drawn networks: against a nearly constant :math:`f` any absolute error looks small.
To check a variant of the layers, in float64:

>>> from scalegmn.metanetwork import Operator
>>> from scalegmn.nn import Architecture, Scale
>>> graph = NetworkGraph.from_module(net, example_input)
>>> model = Operator(graph, Architecture(kind=Scale(), d=8)).double()
>>> enlarge_(model, graph)
>>> networks = random_networks(graph, 4, dtype=torch.float64)
>>> assert symmetry_error(model, graph, networks) <= 1e-9

and, if it does not hold, ``symmetry_report`` tells which block is worst.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from scalegmn.graph.network_graph import NetworkGraph
from scalegmn.symmetry import PermScale, SymmetryKind

Params = Mapping[str, Tensor]
# A functional or operator of scalegmn.metanetwork, or a variant that is called like one.
Metanetwork = Callable[[NetworkGraph, Params], Tensor | dict[str, Tensor]]


@dataclass(frozen=True)
class SymmetryReport:
    """The result of :func:`symmetry_report`.

    Attributes:
        error: the largest error of a block, in units of the block's spread; NaN if any value is.
        spread: of that block, over independently drawn networks.
        block: the name of the parameter, ``value`` for functionals.
    """

    error: float
    spread: float
    block: str


def random_networks(
    graph: NetworkGraph, count: int, *, dtype: torch.dtype | None = None
) -> dict[str, Tensor]:
    """Independent normal biases and kernels, each kernel with a normal factor of its own.

    The factors make some kernels small, where an epsilon in a norm shows.

    Returns:
        Parameters with a leading axis of ``count`` networks.
    """
    x_V = torch.randn(count, graph.num_nodes, 1, dtype=dtype)
    size = torch.randn(count, graph.num_edges, 1, dtype=dtype)
    x_E = size * torch.randn(count, graph.num_edges, graph.edge_dim, dtype=dtype)
    return graph.parameters(x_V, x_E)


def spread(values: Tensor) -> float:
    """Mean standard deviation over the leading axis."""
    return values.std(0).mean().item()


@torch.no_grad()
def enlarge_(model: nn.Module, graph: NetworkGraph, least: float = 1e-2) -> None:
    """Enlarge a metanetwork's weights until its outputs differ by ``least`` between networks.

    Raises:
        ValueError: some output never does: the model is constant.
    """
    networks = random_networks(graph, 16, dtype=next(model.parameters()).dtype)
    for _ in range(40):
        changes = changes_of(model, graph, networks)
        if min(spread(c) for c in changes.values()) >= least:
            return
        for module in model.modules():
            if isinstance(module, nn.Linear):
                module.weight.mul_(1.5)
    raise ValueError("the output hardly depends on the network, whatever the size of the weights")


def changes_of(model: Metanetwork, graph: NetworkGraph, params: Params) -> dict[str, Tensor]:
    """The value of a functional, or what an operator adds to each parameter."""
    out = model(graph, params)
    if isinstance(out, Tensor):
        return {"value": out}
    return {name: out[name] - params[name] for name in out}


@torch.no_grad()
def symmetry_report(
    model: Metanetwork,
    graph: NetworkGraph,
    params: Params,
    g: PermScale | None = None,
    *,
    kind: SymmetryKind | None = None,
) -> SymmetryReport:
    """The worst block's error under one symmetry, in the precision of the parameters.

    Args:
        model: maps ``(graph, params)`` to an invariant value or to equivariant new parameters.
        graph: the architecture.
        params: of one network or, with a leading axis, of a batch.
        g: acts on each; drawn from the symmetries that ``kind`` respects if it is not given.
        kind: the model's own if it is not given.

    Raises:
        ValueError: a block does not depend on the network, or no ``g`` is given and the kind
            respects nothing, so that no error means anything.
    """
    if g is None:
        kind = kind or _kind_of(model)
        if not kind.permutes:
            raise ValueError(f"{kind!r} respects no symmetry: give g or another kind to measure")
        g = PermScale.sample(graph, kind=kind)
    dtype = next(iter(params.values())).dtype
    reference = changes_of(model, graph, random_networks(graph, 16, dtype=dtype))
    before = changes_of(model, graph, params)
    after = changes_of(model, graph, g.on_parameters(params))
    if "value" not in after:
        after = g.inverse().on_parameters(after)
    reports = []
    for block, value in before.items():
        size = spread(reference[block])
        if size == 0:
            raise ValueError(f"{block}: is the same for all networks; enlarge_ the model first")
        reports.append(
            SymmetryReport((after[block] - value).abs().max().item() / size, size, block)
        )
    # NaN is worse than any number.
    return max(reports, key=lambda r: float("inf") if r.error != r.error else r.error)


def symmetry_error(
    model: Metanetwork,
    graph: NetworkGraph,
    params: Params,
    g: PermScale | None = None,
    *,
    kind: SymmetryKind | None = None,
) -> float:
    """The error of :func:`symmetry_report`."""
    return symmetry_report(model, graph, params, g, kind=kind).error


def _kind_of(model: object) -> SymmetryKind:
    """The kind of a functional or operator."""
    gnn = getattr(model, "gnn", None)
    if gnn is None:
        raise ValueError(f"{type(model).__name__}: give the kind of symmetry that it respects")
    return gnn.arch.kind

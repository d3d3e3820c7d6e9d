"""Readouts of a functional, built for a graph: names of the published configs in brackets."""

from torch import nn

from scalegmn.graph.groups import Role
from scalegmn.graph.network_graph import NetworkGraph
from scalegmn.nn.architecture import Architecture
from scalegmn.nn.direction import Forward
from scalegmn.nn.kinds import GaugeKind
from scalegmn.nn.readout import (
    AllNodes,
    BothEnds,
    FixedNodes,
    FullGraph,
    LastLayer,
    Readout,
)


def last_layer(graph: NetworkGraph, arch: Architecture, d_out: int) -> Readout:
    """Reads the output nodes, and the input nodes of a bidirectional network (``last_layer``)."""
    w, n_out = arch.widths, _count(graph, Role.OUTPUT)
    if isinstance(arch.direction, Forward):
        return LastLayer(w.mlp(n_out * w.d, d_out))
    last = nn.Linear(n_out * w.d, w.d)
    first = nn.Linear(_count(graph, Role.INPUT) * w.d, w.d)
    return BothEnds(last, first, w.mlp(2 * w.d, d_out))


def full_graph(graph: NetworkGraph, arch: Architecture, d_out: int) -> Readout:
    """Pools the hidden nodes and reads inputs and outputs one by one (``full_graph``)."""
    w, kind = arch.widths, arch.kind
    if not isinstance(kind, GaugeKind):
        return AllNodes(w.mlp(w.d, w.d), w.mlp(w.d, d_out))
    fixed = _count(graph, Role.INPUT) + _count(graph, Role.OUTPUT)
    if not _count(graph, Role.HIDDEN):
        return FixedNodes(w.mlp(w.d * fixed, d_out))
    return FullGraph(kind.scale_inv(w, [w.d], w.d), w.mlp(w.d * (1 + fixed), d_out))


def _count(graph: NetworkGraph, role: Role) -> int:
    return sum(g.size for g in graph.groups if g.role is role)

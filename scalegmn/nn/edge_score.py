"""Scores of edges that no symmetry changes."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from scalegmn.nn.edge_update import EdgeUpdate, NewEdges
from scalegmn.nn.kinds.symmetry import GaugeKind, Kind
from scalegmn.nn.message import NodeState
from scalegmn.nn.mlp import MLP
from scalegmn.nn.unit import log_norm
from scalegmn.nn.widths import Widths


class InvariantEdgeScore(EdgeUpdate):
    r"""An invariant function of an edge, the nodes at its ends, and its relative strength.

    .. math::
        s_{st} = \mathrm{MLP}([c(h_s), c(h_t), c(e_{st}), r_{st}]), \qquad
        r_{st} = \frac{\rho}{1 + |\rho|}, \quad
        \rho = \log \frac{\lVert e_{st} \rVert \lVert h_s \rVert}{\lVert h_t \rVert}

    Canonical forms forget sizes. An edge scales by :math:`q_t / q_s`, so that its size in relation
    to the nodes at its ends is invariant; :math:`r` is -1 for zero edges.

    Args:
        node: canonical form of node features.
        edge: canonical form of edge features.
        mlp: of the canonical forms of source, target and edge, and of :math:`r`.
    """

    def __init__(self, node: nn.Module, edge: nn.Module, mlp: MLP) -> None:
        super().__init__()
        self.node = node
        self.edge = edge
        self.mlp = mlp

    def forward(self, e: Float[Tensor, "*edges d"], x_s: NodeState, x_t: NodeState) -> NewEdges:
        sign = None if x_s.sign is None or x_t.sign is None else x_s.sign | x_t.sign
        forms = self.node(x_s.h, x_s.sign), self.node(x_t.h, x_t.sign), self.edge(e, sign)
        return self.mlp(*forms, relative_strength(e, x_s.h, x_t.h))


def relative_strength(
    e: Float[Tensor, "*edges d"], h_s: Float[Tensor, "*edges d"], h_t: Float[Tensor, "*edges d"]
) -> Float[Tensor, "*edges 1"]:
    """:math:`r_{st}`, from the logarithms of norms, of which some rows are zero."""
    (log_e, no_edge), (log_s, no_source), (log_t, no_target) = map(log_norm, (e, h_s, h_t))
    ratio = torch.nn.functional.softsign(log_e + log_s - log_t)
    return ratio.masked_fill(no_target, 1).masked_fill(no_edge | no_source, -1)


def edge_score(kind: Kind, w: Widths, d_out: int) -> EdgeUpdate:
    """A function of edges with ``d_out`` values that the symmetry ``kind`` does not change."""
    if not isinstance(kind, GaugeKind):
        return kind.edge_update(w, d_out)
    mlp = w.mlp([w.d, w.d, w.d, 1], d_out)
    return InvariantEdgeScore(kind.canonical(w, w.d), kind.edge_canonical(w, w.d), mlp)

"""A metanetwork that scores the weights of a network."""

from collections.abc import Mapping

import torch
from jaxtyping import Bool
from torch import Tensor, nn

from scalegmn.graph.network_graph import NetworkGraph
from scalegmn.nn.architecture import Architecture
from scalegmn.nn.backbone import Backbone
from scalegmn.path_strength import path_strength


class Scorer(nn.Module):
    r"""Scores every weight of a network: :math:`s = S(\theta) + \hat f(G, \theta)`.

    One number per weight, around 0. :math:`S` is the strength of the paths through a weight, see
    :func:`~scalegmn.path_strength.path_strength`, and the metanetwork :math:`\hat f` learns to
    deviate from it: training begins with a ranking that makes sense.

    Factors of hidden units do not change a score, and permutations of hidden units permute scores
    as they permute weights: a mask made of the highest scores is the same mask for all networks
    that these symmetries make equal. The layers are those of
    :class:`~scalegmn.metanetwork.Operator`, except that the last one has no messages: it reads
    edges and the nodes at their ends, see :mod:`scalegmn.nn.edge_score`.

    The head is ours; masks that a metanetwork makes are an idea of Byrman et al., *Neural Network
    Pruning with Scale Equivariant Graph Metanetworks*.

    Args:
        graph: an architecture with the node and edge types of all that will be scored.
        arch: the metanetwork's own architecture.

    Raises:
        ValueError: a group of the graph does not have the symmetry of ``arch.kind``.
    """

    def __init__(self, graph: NetworkGraph, arch: Architecture) -> None:
        super().__init__()
        last = arch.scoring_layer(graph)
        self.gnn = Backbone(graph, arch, last, roles=(), edges_read=True)

    def forward(
        self,
        graph: NetworkGraph,
        params: Mapping[str, Tensor],
        sign: Bool[Tensor, "batch node"] | None = None,
    ) -> dict[str, Tensor]:
        """The scores of the weights by name, in their shapes; biases have none.

        Args:
            graph: the architecture.
            params: of one network or, with a leading axis, of a batch.
            sign: nodes whose freedom is a sign, by network, where activations differ in a batch.

        Raises:
            ValueError: the graph has other inputs, layers, outputs or kernels than the one that
                this was made for (hidden widths are free), or not the symmetry of ``arch.kind``.
        """
        views = self.gnn.dense_views(graph, params, sign)
        x_V, x_E = graph.features(params)
        single = x_V.ndim == 2
        batched = (x_V[None], x_E[None]) if single else (x_V, x_E)
        _, (scores,) = self.gnn(views, *batched)
        placed = graph.parameters(torch.zeros_like(x_V), scores.view_as(x_E))
        base = path_strength(graph, params)
        return {name: strength + placed[name] for name, strength in base.items()}

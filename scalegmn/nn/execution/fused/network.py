"""All layers of a metanetwork, forwards and backwards, without autograd."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch.nn.functional as F
from torch import Tensor, mm

from scalegmn.graph.groups import Role
from scalegmn.nn.execution.fused.encoding import FusedEncoding
from scalegmn.nn.execution.fused.gradients import Gradients, Weights
from scalegmn.nn.execution.fused.index import LayerIndex
from scalegmn.nn.execution.fused.layer import FusedLayer

Saved = Any


class Graph(NamedTuple):
    """One small graph: its layers' edges and its nodes' types."""

    layers: tuple[LayerIndex, ...]
    types: Tensor


class FusedNetwork:
    """INIT, positional encodings and layers.

    Args:
        init_nodes: the place of the map of node features; that of edges is folded into the first
            layer.
        encoding: of nodes.
        layers: the layers.
    """

    def __init__(
        self, init_nodes: int, encoding: FusedEncoding, layers: Sequence[FusedLayer]
    ) -> None:
        self.init_nodes = init_nodes
        self.encoding = encoding
        self.layers = layers

    @property
    def roles(self) -> tuple[Role, ...]:
        """Of the nodes that are read in the end."""
        return self.layers[-1].updates.roles

    def forward(
        self, w: Weights, x_V: Tensor, x_E: Tensor, graph: Graph
    ) -> tuple[Tensor | None, Tensor | None, Saved]:
        """Features of the nodes that are read, one role after the other, and of edges."""
        h = F.linear(x_V, w[self.init_nodes])
        h, encoded = self.encoding.forward(w, h, graph.types, graph.layers[0])
        nodes: Tensor | None = h
        edges: Tensor | None = x_E
        kept = []
        for layer, index in zip(self.layers, graph.layers, strict=True):
            assert nodes is not None and edges is not None
            nodes, edges, saved = layer.forward(w, nodes, edges, index)
            kept.append(saved)
        return nodes, edges, (x_V, encoded, kept)

    def backward(
        self,
        w: Weights,
        saved: Saved,
        of_nodes: Tensor | None,
        of_edges: Tensor | None,
        graph: Graph,
        grads: Gradients,
        *,
        wanted: tuple[bool, bool],
    ) -> tuple[Tensor | None, Tensor | None]:
        """The gradients of ``x_V`` and ``x_E``, where they are wanted."""
        x_V, encoded, kept = saved
        for k in reversed(range(len(self.layers))):
            index = graph.layers[k]
            of_nodes, of_edges = self.layers[k].backward(
                w, kept[k], of_nodes, of_edges, index, grads, edges_wanted=k > 0 or wanted[1]
            )
        assert of_nodes is not None
        of_h = self.encoding.backward(w, encoded, of_nodes, graph.types, graph.layers[0], grads)
        grads.add_linear(self.init_nodes, None, of_h, x_V)
        return mm(of_h, w[self.init_nodes]) if wanted[0] else None, of_edges

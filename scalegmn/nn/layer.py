"""One round of message passing."""

from functools import partial
from typing import NamedTuple, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from scalegmn.graph.groups import Role
from scalegmn.nn.bands import Ends
from scalegmn.nn.gates import ByRole
from scalegmn.nn.layout import Layout
from scalegmn.nn.lifted import EdgeFeatures
from scalegmn.nn.messages import Message, Nodes, Terms
from scalegmn.nn.updates import EdgeUpdate


class EdgeResult(NamedTuple):
    """What a layer computes on edges: sums of messages, and new edge features."""

    to_target: Tensor | None
    to_source: Tensor | None
    edges: tuple[Tensor, ...]


class Layer(nn.Module):
    r"""Messages, then updates of nodes and edges from the features before the layer.

    .. math::
        h'_t = S h_t + \mathrm{UPD}_{\mathrm{role}(t)}\Bigl(\Bigl[h_t,
            \sum_{s} m_{s \to t}, \sum_{u} m_{u \to t}\Bigr]; p_t\Bigr)

    The second sum, over messages against the direction of edges, exists in bidirectional networks.

    Args:
        forward_message: along the edges.
        backward_message: against the edges, or None.
        update: of the nodes of each role; roles without one are not read afterwards.
        edge_updates: one for each stream of edge features; none if edges are not read afterwards.
        skip: the linear map :math:`S`, or None.
        positional: the nodes' encodings :math:`p` are an input of the update.
    """

    def __init__(
        self,
        forward_message: Message,
        backward_message: Message | None,
        *,
        update: ByRole,
        edge_updates: list[EdgeUpdate],
        skip: nn.Linear | None,
        positional: bool,
    ) -> None:
        super().__init__()
        self.forward_message = forward_message
        self.backward_message = backward_message
        self.update = update
        self.edge_updates = nn.ModuleList(edge_updates)
        self.skip = skip
        self.positional = positional

    def forward(
        self,
        h: Nodes,
        edges: tuple[Float[Tensor, "batch edge _k"], ...],
        layout: Layout,
        a: Tensor,
        lift: nn.Linear | None = None,
    ) -> tuple[dict[Role, Tensor], tuple[Tensor, ...]]:
        """Features of the nodes, by role, and of the edges after the layer.

        Args:
            h: node features (batch, node, d).
            edges: streams of edge features, each (batch, edge, d); the last is read backwards.
            layout: how nodes and edges lie.
            a: positional encodings of the nodes (1, node, d).
            lift: makes edge features out of ``edges``, which are then kernels (batch, edge, tap).
        """
        source, target = self._terms(h, layout, a)
        parts = [self.forward_message, self.backward_message, self.edge_updates, lift]
        params = [p for part in parts if part is not None for p in part.parameters()]
        on_edges = partial(self._on_edges, lift)
        swept = layout.sweep(on_edges, params, edges, source, target)
        x = [h, _close(self.forward_message, h, swept.to_target)]
        if self.backward_message is not None:
            x.append(_close(self.backward_message, h, swept.to_source))
        return self._update(torch.cat(x, dim=-1), h, layout, a), swept.edges

    def _terms(self, h: Nodes, layout: Layout, a: Tensor) -> tuple[Terms, Terms]:
        """Node terms as they are gathered at the source and at the target of each edge."""
        ends = [cast(EdgeUpdate, f).ends(h, layout.sign) for f in self.edge_updates]
        along, against = self.forward_message, self.backward_message
        source = [along.sender(h, a, layout.sign), None, [end[0] for end in ends]]
        target = [along.receiver(h, a, layout.sign), None, [end[1] for end in ends]]
        if against is not None:
            source[1] = against.receiver(h, a, layout.sign)
            target[1] = against.sender(h, a, layout.sign)
        return source, target

    def _on_edges(
        self,
        lift: nn.Linear | None,
        ends: Ends,
        edges: tuple[Tensor, ...],
        source: Terms,
        target: Terms,
    ) -> EdgeResult:
        """Everything that a layer computes on edges from one role of nodes to another."""
        source_role, target_role = ends.roles
        features = [EdgeFeatures(e, lift) for e in edges]
        to_target = to_source = None
        if target_role in self.forward_message.roles:
            terms = source[0], target[0]
            to_target = self.forward_message(target_role, features[0], *terms, ends.at_target)
        if self.backward_message is not None and source_role in self.backward_message.roles:
            terms = target[1], source[1]
            to_source = self.backward_message(source_role, features[-1], *terms, ends.at_source)
        updates = self.edge_updates if ends.updated else ()
        updated = zip(updates, features, source[2], target[2], strict=False)
        return EdgeResult(to_target, to_source, tuple(f(e, s, t) for f, e, s, t in updated))

    def _update(self, x: Tensor, h: Nodes, layout: Layout, a: Tensor) -> dict[Role, Tensor]:
        out = {}
        for role in self.update.roles:
            function = self.update[role]
            extra = function.extra(layout.nodes(a, role)) if self.positional else None
            sign = None if layout.sign is None else layout.nodes(layout.sign, role)
            out[role] = function(layout.nodes(x, role), extra, sign)
            if self.skip is not None:
                out[role] = out[role] + self.skip(layout.nodes(h, role))
        return out


def _close(message: Message, h: Nodes, m: Nodes | None) -> Nodes:
    return torch.zeros_like(h) if m is None else message.close(h, m)

"""Everything that one layer computes on edges."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from torch import Tensor, nn

from scalegmn.nn.execution.bands import Ends
from scalegmn.nn.execution.edge_features import EdgeFeatures
from scalegmn.nn.execution.plan import Terms, edge_update_plan, message_plan
from scalegmn.nn.message import Message, NodeState


class EdgeResult(NamedTuple):
    """What is computed on some edges: sums of messages, and new edge features."""

    to_target: Tensor | None
    to_source: Tensor | None
    edges: tuple[Tensor, ...]


class EdgeProgram:
    """The message functions and edge updates of a layer, ready to run on any of its edges.

    Args:
        msg: along the edges, or None.
        msg_backward: against the edges, or None.
        upd_edges: one for each stream of edge features.
        embedding: makes features out of what is stored of edges; None where these are features.
    """

    def __init__(
        self,
        msg: Message | None,
        msg_backward: Message | None,
        upd_edges: Iterable[nn.Module],
        embedding: nn.Linear | None,
    ) -> None:
        self.parts: list[nn.Module | None] = [msg, msg_backward, *upd_edges, embedding]
        self.embedding = embedding
        self.along = None if msg is None else message_plan(msg)
        self.against = None if msg_backward is None else message_plan(msg_backward)
        self.updates = [edge_update_plan(upd) for upd in upd_edges]

    @property
    def params(self) -> list[nn.Parameter]:
        """All that is learned."""
        return [p for part in self.parts if part is not None for p in part.parameters()]

    def node_terms(self, nodes: NodeState) -> tuple[Terms, Terms]:
        """Node terms as they are gathered at the source and at the target of each edge."""
        ends = [update.ends(nodes) for update in self.updates]
        source: list[Any] = [None, None, [end[0] for end in ends]]
        target: list[Any] = [None, None, [end[1] for end in ends]]
        if self.along is not None:
            source[0], target[0] = self.along.sender(nodes), self.along.receiver(nodes)
        if self.against is not None:
            source[1], target[1] = self.against.receiver(nodes), self.against.sender(nodes)
        return source, target

    def __call__(
        self, ends: Ends, edges: tuple[Tensor, ...], source: Terms, target: Terms
    ) -> EdgeResult:
        """Run on edges from one role of nodes to another."""
        source_role, target_role = ends.roles
        features = [EdgeFeatures(e, self.embedding) for e in edges]
        to_target = to_source = None
        if self.along is not None and target_role in self.along.msg.roles:
            terms = source[0], target[0]
            to_target = self.along.summed(target_role, features[0], *terms, ends.at_target)
        if self.against is not None and source_role in self.against.msg.roles:
            terms = target[1], source[1]
            to_source = self.against.summed(source_role, features[-1], *terms, ends.at_source)
        updates = self.updates if ends.updated else ()
        updated = zip(updates, features, source[2], target[2], strict=False)
        return EdgeResult(to_target, to_source, tuple(f.new(e, s, t) for f, e, s, t in updated))

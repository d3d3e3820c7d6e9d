"""How message functions and edge updates are computed on many edges.

A plan computes what its module's own formula says, in an order that is cheaper: some terms on nodes
before they are gathered, sums before linear maps. A plan is made for one exact type. Every other
module, such as a user's own message, runs by its formula on gathered nodes.
"""

from typing import Any

from torch import Tensor, nn

from scalegmn.graph.groups import Role
from scalegmn.nn.execution.edge_features import EdgeFeatures
from scalegmn.nn.execution.sums import NodeRows, Sum
from scalegmn.nn.message import Message, NodeState

Terms = Any  # a nest of tensors with a node axis, gathered along it


class MessagePlan:
    """Runs a message function by its formula.

    Args:
        msg: the message function.
    """

    def __init__(self, msg: Any) -> None:
        self.msg: Any = msg

    def sender(self, nodes: NodeState) -> Terms:
        """Terms of nodes that send, gathered along edges."""
        return nodes

    def receiver(self, nodes: NodeState) -> Terms:
        """Terms of nodes that receive, gathered along edges."""
        return nodes

    def summed(
        self, role: Role, e: EdgeFeatures, sender: Terms, receiver: Terms, add: Sum
    ) -> NodeRows:
        """The sums of the messages into nodes of one role."""
        features = e.features()
        x_j, x_i = expanded(sender, features), expanded(receiver, features)
        return add(self.msg.message(x_j, features, x_i, role))


class EdgeUpdatePlan:
    """Runs an edge update by its formula.

    Args:
        upd: the edge update.
    """

    def __init__(self, upd: Any) -> None:
        self.upd: Any = upd

    def ends(self, nodes: NodeState) -> tuple[Terms, Terms]:
        """Terms of nodes at the start and at the end of edges."""
        return nodes, nodes

    def new(self, e: EdgeFeatures, source: Terms, target: Terms) -> Tensor:
        """The new edge features."""
        features = e.features()
        return self.upd(features, expanded(source, features), expanded(target, features))


def expanded(nodes: NodeState, e: Tensor) -> NodeState:
    """Gathered nodes with all leading axes of the edges ``e``, as views."""

    def over(x: Tensor) -> Tensor:
        return x.expand(*e.shape[:-1], x.shape[-1])

    sign = None if nodes.sign is None else over(nodes.sign)
    return NodeState(over(nodes.h), over(nodes.p), sign)


def message_plan(msg: Message) -> MessagePlan:
    """The plan of a message function."""
    from scalegmn.nn.execution.plans import MESSAGE_PLANS

    return MESSAGE_PLANS.get(type(msg), MessagePlan)(msg)


def edge_update_plan(upd: nn.Module) -> EdgeUpdatePlan:
    """The plan of an edge update."""
    from scalegmn.nn.execution.plans import EDGE_UPDATE_PLANS

    return EDGE_UPDATE_PLANS.get(type(upd), EdgeUpdatePlan)(upd)

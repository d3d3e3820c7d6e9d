"""Plans of the metanetwork's own message functions and edge updates."""

from torch import Tensor, nn

from scalegmn.graph.groups import Role
from scalegmn.nn.bounded_message import BoundedMessage, strength
from scalegmn.nn.edge_update import MLPEdgeUpdate, ScaleEqEdgeUpdate
from scalegmn.nn.execution.edge_features import EdgeFeatures
from scalegmn.nn.execution.plan import EdgeUpdatePlan, MessagePlan, Terms
from scalegmn.nn.execution.row_functions import encoding_term, summed
from scalegmn.nn.execution.split_mlp import finish, finish_summed, term
from scalegmn.nn.execution.sums import NodeRows, Sum
from scalegmn.nn.message import NodeState
from scalegmn.nn.mlp_message import MLPMessage
from scalegmn.nn.scale_eq_message import ScaleEqMessage
from scalegmn.nn.unit import log_norm


class ScaleEqPlan(MessagePlan):
    """Maps senders and encodings on nodes, and sums before the last linear maps."""

    def sender(self, nodes: NodeState) -> Terms:
        return self.msg.rescale_eq.gamma_node(nodes.h)

    def receiver(self, nodes: NodeState) -> Terms:
        functions = self.msg.functions
        roles = self.msg.roles if self.msg.positional else ()
        return [encoding_term(functions[role], nodes.p) for role in roles], nodes.sign

    def summed(
        self, role: Role, e: EdgeFeatures, sender: Terms, receiver: Terms, add: Sum
    ) -> NodeRows:
        terms, sign = receiver
        extra = terms[self.msg.roles.index(role)] if terms else None
        z = e.through(self.msg.rescale_eq.gamma_edge.weight) * sender
        return summed(self.msg.functions[role], z, extra, sign, add)


class BoundedPlan(MessagePlan):
    """Takes canonical forms and norms on nodes, and sums before the last linear map."""

    def sender(self, nodes: NodeState) -> Terms:
        form = self.msg.node(nodes.h, nodes.sign)
        return term(self.msg.mlp, 1, form), log_norm(nodes.h), nodes.sign

    def receiver(self, nodes: NodeState) -> Terms:
        form = self.msg.node(nodes.h, nodes.sign)
        return term(self.msg.mlp, 0, form), log_norm(nodes.h), nodes.sign

    def summed(
        self, role: Role, e: EdgeFeatures, sender: Terms, receiver: Terms, add: Sum
    ) -> NodeRows:
        from_sender, norm_j, sign_j = sender
        from_receiver, norm_i, sign_i = receiver
        features = e.features()
        sign = None if sign_j is None else sign_j | sign_i
        weight = strength(log_norm(features), norm_i, norm_j)
        hidden = from_sender + from_receiver + term(self.msg.mlp, 2, self.msg.edge(features, sign))
        return finish_summed(self.msg.mlp, hidden, add, weight)


class MLPPlan(MessagePlan):
    """Maps senders on nodes, and sums before the last linear map."""

    def sender(self, nodes: NodeState) -> Terms:
        return term(self.msg.mlp, 1, nodes.h)

    def receiver(self, nodes: NodeState) -> Terms:
        return ()

    def summed(
        self, role: Role, e: EdgeFeatures, sender: Terms, receiver: Terms, add: Sum
    ) -> NodeRows:
        mlp = self.msg.mlp
        return finish_summed(mlp, e.through(mlp.weights[0], mlp.bias) + sender, add)


class ScaleEqEdgePlan(EdgeUpdatePlan):
    """Applies the first linear map of the gate on nodes."""

    def ends(self, nodes: NodeState) -> tuple[Terms, Terms]:
        form = self.upd.canonical(nodes.h, nodes.sign)
        return term(self.upd.psi, 0, form), term(self.upd.psi, 1, form)

    def new(self, e: EdgeFeatures, source: Terms, target: Terms) -> Tensor:
        return e.through(self.upd.gamma.weight) * finish(self.upd.psi, source + target)


class MLPEdgePlan(EdgeUpdatePlan):
    """Applies the first linear map of the ends on nodes."""

    def ends(self, nodes: NodeState) -> tuple[Terms, Terms]:
        return term(self.upd.mlp, 1, nodes.h), term(self.upd.mlp, 2, nodes.h)

    def new(self, e: EdgeFeatures, source: Terms, target: Terms) -> Tensor:
        mlp = self.upd.mlp
        return finish(mlp, e.through(mlp.weights[0], mlp.bias) + source + target)


MESSAGE_PLANS: dict[type[nn.Module], type[MessagePlan]] = {
    ScaleEqMessage: ScaleEqPlan,
    BoundedMessage: BoundedPlan,
    MLPMessage: MLPPlan,
}
EDGE_UPDATE_PLANS: dict[type[nn.Module], type[EdgeUpdatePlan]] = {
    ScaleEqEdgeUpdate: ScaleEqEdgePlan,
    MLPEdgeUpdate: MLPEdgePlan,
}

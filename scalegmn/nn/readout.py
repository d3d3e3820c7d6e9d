"""READ: one vector per network, from node features."""

from abc import ABC, abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor, nn

from scalegmn.graph.groups import Role
from scalegmn.nn.execution.view import GraphView
from scalegmn.nn.mlp import MLP

RoleFeatures = dict[Role, Tensor]
Out = Float[Tensor, "network d_out"]


class Readout(nn.Module, ABC):
    """An invariant function of all node features.

    Attributes:
        roles: of the nodes that are read.
    """

    roles: tuple[Role, ...]

    @abstractmethod
    def forward(self, h: RoleFeatures, view: GraphView) -> Out:
        """One vector per network."""


class LastLayer(Readout):
    """An MLP of the output nodes, which have no freedom.

    Args:
        mlp: from ``num_outputs * d`` features.
    """

    roles = (Role.OUTPUT,)

    def __init__(self, mlp: MLP) -> None:
        super().__init__()
        self.mlp = mlp

    def forward(self, h: RoleFeatures, view: GraphView) -> Out:
        return self.mlp(view.flat(h[Role.OUTPUT]))


class BothEnds(Readout):
    """An MLP of the output and the input nodes, for bidirectional networks.

    Args:
        last: from ``num_outputs * d`` features.
        first: from ``num_inputs * d`` features.
        mlp: of the two.
    """

    roles = (Role.INPUT, Role.OUTPUT)

    def __init__(self, last: nn.Linear, first: nn.Linear, mlp: MLP) -> None:
        super().__init__()
        self.last = last
        self.first = first
        self.mlp = mlp

    def forward(self, h: RoleFeatures, view: GraphView) -> Out:
        last, first = view.flat(h[Role.OUTPUT]), view.flat(h[Role.INPUT])
        return self.mlp(torch.cat([self.last(last), self.first(first)], dim=-1))


class FullGraph(Readout):
    r"""Hidden nodes pooled through an invariant function, inputs and outputs one by one.

    .. math:: \rho\Bigl(\Bigl[\sum_{i\ \mathrm{hidden}} \phi(c(h_i)),\; h_{\mathrm{in}},\;
        h_{\mathrm{out}}\Bigr]\Bigr)

    Reference: Kalogeropoulos et al., 2024, arXiv:2406.10685, section 5 (READ).

    Args:
        phi: invariant function of hidden node features.
        rho: of the pooled and the fixed features.
    """

    roles = (Role.INPUT, Role.HIDDEN, Role.OUTPUT)

    def __init__(self, phi: nn.Module, rho: MLP) -> None:
        super().__init__()
        self.phi = phi
        self.rho = rho

    def forward(self, h: RoleFeatures, view: GraphView) -> Out:
        invariant = self.phi(h[Role.HIDDEN], None, view.signs(Role.HIDDEN))
        pooled = view.pool(invariant, Role.HIDDEN)
        fixed = [view.flat(h[Role.INPUT]), view.flat(h[Role.OUTPUT])]
        return self.rho(torch.cat([pooled, *fixed], dim=-1))


class FixedNodes(Readout):
    r""":math:`\rho([h_{\mathrm{in}}, h_{\mathrm{out}}])`, where there are no hidden nodes.

    Args:
        rho: of the features of all input and output nodes.
    """

    roles = (Role.INPUT, Role.OUTPUT)

    def __init__(self, rho: MLP) -> None:
        super().__init__()
        self.rho = rho

    def forward(self, h: RoleFeatures, view: GraphView) -> Out:
        fixed = [view.flat(h[Role.INPUT]), view.flat(h[Role.OUTPUT])]
        return self.rho(torch.cat(fixed, dim=-1))


class AllNodes(Readout):
    r""":math:`\rho(\sum_i \phi(h_i))` over all nodes, where there is no scale symmetry.

    Args:
        phi: of node features.
        rho: of their sum.
    """

    roles = (Role.INPUT, Role.HIDDEN, Role.OUTPUT)

    def __init__(self, phi: MLP, rho: MLP) -> None:
        super().__init__()
        self.phi = phi
        self.rho = rho

    def forward(self, h: RoleFeatures, view: GraphView) -> Out:
        return self.rho(sum(view.pool(self.phi(x), role) for role, x in h.items()))

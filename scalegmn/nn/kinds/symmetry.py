"""Kinds of symmetry; each builds the parts of a metanetwork that respect it."""

from abc import ABC, abstractmethod
from collections.abc import Iterable

from torch import nn

from scalegmn.graph.groups import Freedom, Role
from scalegmn.graph.network_graph import NetworkGraph
from scalegmn.nn.bounded_message import BoundedMessage
from scalegmn.nn.edge_update import EdgeUpdate, ScaleEqEdgeUpdate
from scalegmn.nn.io_branch import IOBranch
from scalegmn.nn.message import Message
from scalegmn.nn.message_spec import MessageSpec
from scalegmn.nn.per_role import PerRole
from scalegmn.nn.scale_eq import ScaleEq
from scalegmn.nn.scale_eq_message import ScaleEqMessage
from scalegmn.nn.scale_inv import RowFunction, ScaleInv
from scalegmn.nn.structure import structure
from scalegmn.nn.widths import Widths


class Kind(ABC):
    """A symmetry of hidden units, and the parts of a metanetwork that respect it.

    Attributes:
        self_inverse: every factor is its own inverse, so that an edge scales alike from both ends.
        reads_sign: the freedom differs from node to node.
        permutes: hidden nodes of one layer are treated alike.
    """

    self_inverse: bool
    reads_sign: bool = False
    permutes: bool = True

    def check(self, graph: NetworkGraph) -> None:
        """Raise ``ValueError`` if a group of the graph does not have the symmetry."""
        for group in graph.groups:
            if group.role is Role.HIDDEN and not self.admits(group.freedom):
                raise ValueError(
                    f"{group.name}: what follows it (activation, pooling) does not have the "
                    f"symmetry {type(self).__name__.lower()}; choose another "
                    "model/symmetry: permutation asks nothing of it"
                )

    def structure(self, graph: NetworkGraph) -> str:
        """What networks must share to be read by one metanetwork, in words."""
        return structure(graph)

    @abstractmethod
    def admits(self, freedom: Freedom) -> bool:
        """Whether units of this freedom have the symmetry."""

    @abstractmethod
    def message(self, spec: MessageSpec) -> Message:
        """MSG along the edges."""

    @abstractmethod
    def bounded_message(self, spec: MessageSpec) -> Message:
        """MSG against the edges, bounded on zero edges."""

    @abstractmethod
    def update(
        self, w: Widths, io: IOBranch, d_in: list[int], d_out: int, roles: Iterable[Role]
    ) -> PerRole:
        """UPD of nodes of these roles."""

    @abstractmethod
    def edge_update(self, w: Widths, d_out: int) -> EdgeUpdate:
        """UPD of edges."""

    @abstractmethod
    def scale_inv(self, w: Widths, d_in: list[int], d_out: int) -> RowFunction:
        """An invariant function of node features."""


class GaugeKind(Kind):
    """A symmetry by factors: products carry them, canonical forms remove them."""

    @abstractmethod
    def canonical(self, w: Widths, d: int) -> nn.Module:
        """The canonical form of node features of width ``d``."""

    def edge_canonical(self, w: Widths, d: int) -> nn.Module:
        """The canonical form of an edge, which has the factors of both ends."""
        return self.canonical(w, d)

    def scale_inv(self, w: Widths, d_in: list[int], d_out: int) -> RowFunction:
        return ScaleInv(self.canonical(w, d_in[0]), w.mlp(d_in, d_out))

    def scale_eq(self, w: Widths, d_in: list[int], d_out: int) -> ScaleEq:
        """An equivariant function of node features."""
        return ScaleEq(nn.Linear(d_in[0], d_out, bias=False), self.scale_inv(w, d_in, d_out))

    def message(self, spec: MessageSpec) -> Message:
        d_in = [spec.d, spec.d] if spec.positional else [spec.d]
        functions = self.update(spec.widths, spec.io, d_in, spec.d, spec.roles)
        return ScaleEqMessage(spec.d, functions, positional=spec.positional)

    def bounded_message(self, spec: MessageSpec) -> Message:
        if spec.positional:
            raise ValueError("positional=True: a bounded backward message has no such input")
        w, d = spec.widths, spec.d
        mlp = w.mlp([d] * 3, d)
        return BoundedMessage(self.canonical(w, d), self.edge_canonical(w, d), mlp, spec.roles)

    def update(
        self, w: Widths, io: IOBranch, d_in: list[int], d_out: int, roles: Iterable[Role]
    ) -> PerRole:
        return io.build(self.scale_eq(w, d_in, d_out), w, d_in, d_out, roles)

    def edge_update(self, w: Widths, d_out: int) -> EdgeUpdate:
        gamma = nn.Linear(w.d, d_out, bias=False)
        return ScaleEqEdgeUpdate(gamma, self.canonical(w, w.d), w.mlp([w.d, w.d], d_out))

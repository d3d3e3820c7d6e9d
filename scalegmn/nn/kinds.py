"""The kinds of symmetry that a metanetwork can have; each builds the parts that respect it."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass

from torch import nn

from scalegmn.graph.groups import Freedom, Role
from scalegmn.graph.network_graph import NetworkGraph
from scalegmn.nn.canonical import EitherEnd, Even, Itself, Magnitude, Mixed, UnitVector
from scalegmn.nn.gates import ByRole, Gate, Gated, MixedGate, RowFunction
from scalegmn.nn.io_branches import IOBranch
from scalegmn.nn.messages import BoundedMessage, Message, PlainMessage, ProductMessage
from scalegmn.nn.updates import EdgeUpdate, GatedEdgeUpdate, PlainEdgeUpdate, PlainFunction
from scalegmn.nn.widths import Widths


class Kind(ABC):
    """A symmetry of hidden units, and the parts of a metanetwork that respect it."""

    # Whether 1/q = q for every factor q, so that an edge transforms alike from both its ends.
    self_inverse: bool
    # Whether the freedom differs from node to node.
    reads_sign: bool = False

    def check(self, graph: NetworkGraph) -> None:
        """Raise ``ValueError`` if a group of the graph does not have the symmetry."""
        for group in graph.groups:
            if group.role is Role.HIDDEN and not self.admits(group.freedom):
                raise ValueError(
                    f"{group.name}: what follows it (activation, pooling) does not have the "
                    f"symmetry {type(self).__name__.lower()}; choose another model/symmetry"
                )

    @abstractmethod
    def admits(self, freedom: Freedom) -> bool:
        """Whether units of this freedom have the symmetry."""

    @abstractmethod
    def message(self, w: Widths, io: IOBranch, roles: Iterable[Role], positional: bool) -> Message:
        """The message into nodes of these roles."""

    @abstractmethod
    def bounded_message(
        self, w: Widths, io: IOBranch, roles: Iterable[Role], positional: bool
    ) -> Message:
        """A message against the direction of the edges, bounded on zero edges."""

    @abstractmethod
    def update(
        self, w: Widths, io: IOBranch, d_in: list[int], d_out: int, roles: Iterable[Role]
    ) -> ByRole:
        """The update of nodes of these roles."""

    @abstractmethod
    def edge_update(self, w: Widths, d_out: int) -> EdgeUpdate:
        """The update of edges."""

    @abstractmethod
    def gate(self, w: Widths, d_in: list[int], d_out: int) -> RowFunction:
        """An invariant function of node features."""


class GaugeKind(Kind):
    """A symmetry by factors: products carry it, canonical forms remove it."""

    @abstractmethod
    def canonical(self, w: Widths, d: int) -> nn.Module:
        """The canonical form of features of width ``d``."""

    def edge_canonical(self, w: Widths, d: int) -> nn.Module:
        """The canonical form of an edge, which has the factors of both ends."""
        return self.canonical(w, d)

    def gate(self, w: Widths, d_in: list[int], d_out: int) -> RowFunction:
        return Gate(self.canonical(w, d_in[0]), w.mlp(d_in, d_out))

    def gated(self, w: Widths, d_in: list[int], d_out: int) -> Gated:
        """An equivariant function of node features."""
        return Gated(nn.Linear(d_in[0], d_out, bias=False), self.gate(w, d_in, d_out))

    def message(self, w: Widths, io: IOBranch, roles: Iterable[Role], positional: bool) -> Message:
        d_in = [w.d, w.d] if positional else [w.d]
        functions = io.build(self.gated(w, d_in, w.d), w, d_in, w.d, roles)
        return ProductMessage(w.d, functions, positional=positional)

    def bounded_message(
        self, w: Widths, io: IOBranch, roles: Iterable[Role], positional: bool
    ) -> Message:
        if positional:
            raise ValueError("a bounded backward message has no positional input")
        mlp = w.mlp([w.d] * 3, w.d)
        return BoundedMessage(self.canonical(w, w.d), self.edge_canonical(w, w.d), mlp, roles)

    def update(
        self, w: Widths, io: IOBranch, d_in: list[int], d_out: int, roles: Iterable[Role]
    ) -> ByRole:
        return io.build(self.gated(w, d_in, d_out), w, d_in, d_out, roles)

    def edge_update(self, w: Widths, d_out: int) -> EdgeUpdate:
        linear = nn.Linear(w.d, d_out, bias=False)
        return GatedEdgeUpdate(linear, self.canonical(w, w.d), w.mlp([w.d, w.d], d_out))


@dataclass(frozen=True)
class Scale(GaugeKind):
    """Positive factors (ReLU)."""

    self_inverse = False

    def admits(self, freedom: Freedom) -> bool:
        return freedom.positive

    def canonical(self, w: Widths, d: int) -> nn.Module:
        return UnitVector()


@dataclass(frozen=True)
class Sign(GaugeKind):
    """Changes of sign (tanh, sine).

    Attributes:
        symmetrized: learn the canonical form, else take absolute values
            (``sign_symmetrization`` in the published configs).
    """

    symmetrized: bool = True
    self_inverse = True

    def admits(self, freedom: Freedom) -> bool:
        return freedom.sign

    def canonical(self, w: Widths, d: int) -> nn.Module:
        return Even(w.mlp(d, d)) if self.symmetrized else Magnitude()

    def bounded_message(
        self, w: Widths, io: IOBranch, roles: Iterable[Role], positional: bool
    ) -> Message:
        return self.message(w, io, roles, positional)


@dataclass(frozen=True)
class Hetero(GaugeKind):
    """Each node's own: positive factors or changes of sign.

    Attributes:
        symmetrized: as in :class:`Sign`.
    """

    symmetrized: bool = True
    self_inverse = False
    reads_sign = True

    def admits(self, freedom: Freedom) -> bool:
        return freedom.positive or freedom.sign

    def canonical(self, w: Widths, d: int) -> nn.Module:
        return Mixed(UnitVector(), Sign(self.symmetrized).canonical(w, d))

    def edge_canonical(self, w: Widths, d: int) -> nn.Module:
        return EitherEnd(Sign(self.symmetrized).canonical(w, d))

    def gate(self, w: Widths, d_in: list[int], d_out: int) -> RowFunction:
        positive = Gate(UnitVector(), w.mlp(d_in, d_out))
        negated = Sign(self.symmetrized).canonical(w, d_in[0])
        return MixedGate(positive, Gate(negated, w.mlp(d_in, d_out)))


@dataclass(frozen=True)
class Permutation(Kind):
    """Permutations only: a plain graph metanetwork (GMN).

    Reference: Kofinas et al., 2024, arXiv:2403.12143; Lim et al., 2023, arXiv:2312.04501.
    """

    self_inverse = True

    def admits(self, freedom: Freedom) -> bool:
        return True

    def message(self, w: Widths, io: IOBranch, roles: Iterable[Role], positional: bool) -> Message:
        if positional:
            raise ValueError("positional messages need a scale symmetry; a GMN sums its encodings")
        return PlainMessage(w.mlp([w.d, w.d], w.d), roles)

    def bounded_message(
        self, w: Widths, io: IOBranch, roles: Iterable[Role], positional: bool
    ) -> Message:
        return self.message(w, io, roles, positional)

    def update(
        self, w: Widths, io: IOBranch, d_in: list[int], d_out: int, roles: Iterable[Role]
    ) -> ByRole:
        function = PlainFunction(w.mlp(d_in, d_out))
        return ByRole(dict.fromkeys(roles, function))

    def edge_update(self, w: Widths, d_out: int) -> EdgeUpdate:
        return PlainEdgeUpdate(w.mlp([w.d] * 3, d_out))

    def gate(self, w: Widths, d_in: list[int], d_out: int) -> RowFunction:
        return Gate(Itself(), w.mlp(d_in, d_out))

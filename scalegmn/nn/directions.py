"""Which way messages go."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from scalegmn.graph.groups import Role
from scalegmn.nn.io_branches import IOBranch
from scalegmn.nn.kinds import Kind
from scalegmn.nn.messages import Message
from scalegmn.nn.unit import unit
from scalegmn.nn.widths import Widths

Kernels = Float[Tensor, "batch edge tap"]


class Direction(ABC):
    """The messages against the edges, and the edge features that these read."""

    def streams(self, kind: Kind, x_E: Kernels) -> tuple[Kernels, ...]:
        """The features of edges in their own direction and, if they differ, against it."""
        return (x_E,)

    def num_streams(self, kind: Kind) -> int:
        """How many :meth:`streams` there are."""
        return 1

    @abstractmethod
    def backward_message(
        self, kind: Kind, w: Widths, io: IOBranch, roles: Sequence[Role], positional: bool
    ) -> Message | None:
        """The message into nodes of these roles from the nodes that they feed."""


@dataclass(frozen=True)
class Forward(Direction):
    """Messages along the edges only."""

    def backward_message(
        self, kind: Kind, w: Widths, io: IOBranch, roles: Sequence[Role], positional: bool
    ) -> Message | None:
        return None


@dataclass(frozen=True)
class Bidirectional(Direction):
    """Messages both ways, exact and bounded on zero edges.

    Where factors are their own inverse (signs), the edge itself is read backwards, as published;
    else see :class:`~scalegmn.nn.messages.BoundedMessage`.
    """

    def backward_message(
        self, kind: Kind, w: Widths, io: IOBranch, roles: Sequence[Role], positional: bool
    ) -> Message | None:
        return kind.bounded_message(w, io, roles, positional)


@dataclass(frozen=True)
class BidirectionalInverse(Direction):
    r"""Messages both ways, on inverse edges :math:`e / \lVert e \rVert^2` against the direction.

    The literal correction of the published network, which reads :math:`e` itself and so is not
    scale-equivariant. Exact, 0 for zero edges, but unbounded for small ones: prefer
    :class:`Bidirectional`.
    """

    def streams(self, kind: Kind, x_E: Kernels) -> tuple[Kernels, ...]:
        return (x_E,) if kind.self_inverse else (x_E, inverse(x_E))

    def num_streams(self, kind: Kind) -> int:
        return 1 if kind.self_inverse else 2

    def backward_message(
        self, kind: Kind, w: Widths, io: IOBranch, roles: Sequence[Role], positional: bool
    ) -> Message | None:
        return kind.message(w, io, roles, positional)


def inverse(x: Float[Tensor, "*edges tap"]) -> Float[Tensor, "*edges tap"]:
    r""":math:`x / \lVert x \rVert^2`, which scales like :math:`1 / x`, with value 0 at 0."""
    direction = unit(x)
    length = (direction * x).sum(-1, keepdim=True)
    zero = length == 0
    return direction / length.masked_fill(zero, 1)

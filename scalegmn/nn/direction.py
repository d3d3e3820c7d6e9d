"""Directions of messages."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from scalegmn.nn.kinds.symmetry import Kind
from scalegmn.nn.message import Message
from scalegmn.nn.message_spec import MessageSpec
from scalegmn.nn.unit import unit

Kernels = Float[Tensor, "batch edge edge_dim"]


class Direction(ABC):
    """The messages against the edges, and the edge features that these read."""

    def streams(self, kind: Kind, x_E: Kernels) -> tuple[Kernels, ...]:
        """The features of edges in their own direction and, if they differ, against it."""
        return (x_E,)

    def num_streams(self, kind: Kind) -> int:
        """The number of :meth:`streams`."""
        return 1

    @abstractmethod
    def backward_message(self, spec: MessageSpec) -> Message | None:
        """MSG against the edges, into nodes from those that they feed; None for no messages."""


@dataclass(frozen=True)
class Forward(Direction):
    """Messages along the edges only."""

    def backward_message(self, spec: MessageSpec) -> Message | None:
        return None


@dataclass(frozen=True)
class Bidirectional(Direction):
    """Messages both ways, exact and bounded on zero edges.

    Where factors are their own inverse (kinds sign and permutation), MSG itself, with parameters of
    its own, reads the edge backwards. Unlike the published network of these kinds, which reads the
    *initial* edge features backwards in every layer, ours reads the current ones; with that
    difference removed the two agree. For the other kinds see
    :class:`~scalegmn.nn.bounded_message.BoundedMessage`.
    """

    def backward_message(self, spec: MessageSpec) -> Message | None:
        return spec.kind.bounded_message(spec)


@dataclass(frozen=True)
class BidirectionalInverse(Direction):
    r"""Messages both ways, on inverse edges :math:`e / \lVert e \rVert^2` against the direction.

    The literal correction of the published network, which reads :math:`e` itself and so is not
    scale-equivariant. Exact, 0 for zero edges, but unbounded for small ones: prefer
    :class:`Bidirectional`, which this is for kinds whose factors are their own inverse.
    """

    def streams(self, kind: Kind, x_E: Kernels) -> tuple[Kernels, ...]:
        return (x_E,) if kind.self_inverse else (x_E, inverse(x_E))

    def num_streams(self, kind: Kind) -> int:
        return 1 if kind.self_inverse else 2

    def backward_message(self, spec: MessageSpec) -> Message | None:
        return spec.message()


def inverse(x: Float[Tensor, "*edges edge_dim"]) -> Float[Tensor, "*edges edge_dim"]:
    r""":math:`x / \lVert x \rVert^2`, which scales like :math:`1 / x`, with value 0 at 0."""
    direction = unit(x)
    length = (direction * x).sum(-1, keepdim=True)
    zero = length == 0
    return direction / length.masked_fill(zero, 1)

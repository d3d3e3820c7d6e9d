"""The choices of a metanetwork that a message function is built from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scalegmn.graph.groups import Role
from scalegmn.nn.io_branch import IOBranch
from scalegmn.nn.message import Message
from scalegmn.nn.mlp import MLP
from scalegmn.nn.scale_inv import RowFunction
from scalegmn.nn.widths import Widths

if TYPE_CHECKING:
    from scalegmn.nn.kinds import Kind


@dataclass(frozen=True)
class MessageSpec:
    """What the constructor of a message function is given.

    Attributes:
        kind: the symmetry of hidden units.
        io: builds the functions of inputs and outputs.
        widths: of features and MLPs.
        roles: of the nodes that receive messages.
        positional: the receivers' positional encodings are an input.
        factory: builds the messages of this metanetwork; ``None`` for those of the kind.
    """

    kind: "Kind"
    io: IOBranch
    widths: Widths
    roles: tuple[Role, ...]
    positional: bool = False
    factory: Callable[..., Message] | None = None

    @property
    def d(self) -> int:
        """Width of node and edge features."""
        return self.widths.d

    def message(self) -> Message:
        """The message function along the direction in which edges scale by ``q_i / q_j``."""
        return (self.factory or self.kind.message)(self)

    def mlp(self, d_in: int | Sequence[int], d_out: int) -> MLP:
        """An MLP with the metanetwork's hidden width, layer norm and dropout."""
        return self.widths.mlp(d_in, d_out)

    def scale_inv(self, d_in: int, d_out: int) -> RowFunction:
        """A function of features that scale like a node's, invariant under the symmetry."""
        return self.kind.scale_inv(self.widths, [d_in], d_out)

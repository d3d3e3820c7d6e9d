"""What a layer does to inputs and outputs, whose scale is fixed.

A branch is built from the layer's function for hidden nodes and from widths; ``separate`` gives
inputs and outputs a function each (``num_mlps`` 3 in the published configs, else 2).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass

from scalegmn.graph.groups import Role
from scalegmn.nn.canonical import Itself
from scalegmn.nn.gates import ByRole, Gate, Gated, RowFunction
from scalegmn.nn.widths import Widths


@dataclass(frozen=True)
class IOBranch(ABC):
    """How the functions of inputs and outputs are made; subclasses say which.

    Attributes:
        separate: one function for inputs and one for outputs, instead of one for both.
    """

    separate: bool = False

    def build(
        self, hidden: Gated, widths: Widths, d_in: list[int], d_out: int, roles: Iterable[Role]
    ) -> ByRole:
        """The functions of all ``roles``; ``d_in``: width of ``x``, perhaps of ``a``."""
        functions: dict[Role, RowFunction] = {}
        for role in sorted(set(roles)):
            if role is Role.HIDDEN:
                functions[role] = hidden
            elif functions.keys() & {Role.INPUT} and not self.separate:
                functions[role] = functions[Role.INPUT]
            else:
                functions[role] = self.function(hidden, widths, d_in, d_out)
        return ByRole(functions)

    @abstractmethod
    def function(self, hidden: Gated, widths: Widths, d_in: list[int], d_out: int) -> RowFunction:
        """The function of one fixed role."""


@dataclass(frozen=True)
class PlainIO(IOBranch):
    """An MLP in place of the equivariant function (``mlp_on_io: True``)."""

    def function(self, hidden: Gated, widths: Widths, d_in: list[int], d_out: int) -> RowFunction:
        return Gate(Itself(), widths.mlp(d_in, d_out))


@dataclass(frozen=True)
class GatedIO(IOBranch):
    """The linear map of the hidden nodes, gated by an MLP (``mlp_on_io: False``)."""

    def function(self, hidden: Gated, widths: Widths, d_in: list[int], d_out: int) -> RowFunction:
        return Gated(hidden.linear, Gate(Itself(), widths.mlp(d_in, d_out)))

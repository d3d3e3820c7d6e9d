"""Functions of input and output nodes, whose scale is fixed.

A branch is built from the layer's function for hidden nodes and from widths; ``separate`` gives
inputs and outputs a function each (``num_mlps`` 3 in the published configs, else 2).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass

from scalegmn.graph.groups import Role
from scalegmn.nn.canonical import Identity
from scalegmn.nn.per_role import PerRole
from scalegmn.nn.scale_eq import ScaleEq
from scalegmn.nn.scale_inv import RowFunction, ScaleInv
from scalegmn.nn.widths import Widths


@dataclass(frozen=True)
class IOBranch(ABC):
    """Builds the functions of inputs and outputs.

    Attributes:
        separate: one function for inputs and one for outputs, instead of one for both.
    """

    separate: bool = False

    def build(
        self, hidden: ScaleEq, widths: Widths, d_in: list[int], d_out: int, roles: Iterable[Role]
    ) -> PerRole:
        """The functions of all ``roles``; ``d_in``: width of ``x``, perhaps of ``p``."""
        functions: dict[Role, RowFunction] = {}
        for role in sorted(set(roles)):
            if role is Role.HIDDEN:
                functions[role] = hidden
            elif functions.keys() & {Role.INPUT} and not self.separate:
                functions[role] = functions[Role.INPUT]
            else:
                functions[role] = self.function(hidden, widths, d_in, d_out)
        return PerRole(functions)

    @abstractmethod
    def function(self, hidden: ScaleEq, widths: Widths, d_in: list[int], d_out: int) -> RowFunction:
        """The function of one fixed role."""


@dataclass(frozen=True)
class PlainIO(IOBranch):
    r"""An MLP :math:`\rho([x, p])` in place of the equivariant function (``mlp_on_io: True``)."""

    def function(self, hidden: ScaleEq, widths: Widths, d_in: list[int], d_out: int) -> RowFunction:
        return ScaleInv(Identity(), widths.mlp(d_in, d_out))


@dataclass(frozen=True)
class GatedIO(IOBranch):
    r"""The hidden nodes' :math:`\Gamma x` times an MLP of :math:`[x, p]` (``mlp_on_io: False``)."""

    def function(self, hidden: ScaleEq, widths: Widths, d_in: list[int], d_out: int) -> RowFunction:
        return ScaleEq(hidden.gamma, ScaleInv(Identity(), widths.mlp(d_in, d_out)))

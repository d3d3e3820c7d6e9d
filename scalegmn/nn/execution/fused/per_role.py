"""The functions of the roles of nodes, on rows that are sorted by role."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, mm

from scalegmn.graph.groups import Role
from scalegmn.nn.execution.fused.gradients import Gradients, Places, Weights
from scalegmn.nn.execution.fused.rows import (
    RowsFunction,
    ScaleEqRows,
    rows_function,
)
from scalegmn.nn.per_role import PerRole

Saved = Any
# Which rows have which role; together all rows, in their order.
Parts = Sequence[tuple[Role, slice]]


class RowsByRole:
    r"""A function for each role.

    Where all are ScaleEq with one map :math:`\Gamma`, this is applied to all rows at once.

    Args:
        functions: by role.
    """

    def __init__(self, functions: Mapping[Role, RowsFunction]) -> None:
        self.functions = dict(functions)
        self.gamma: int | None = None
        gated = [f for f in functions.values() if isinstance(f, ScaleEqRows)]
        gammas = {f.gamma for f in gated}
        if len(gated) == len(functions) and len(gammas) == 1:
            self.gamma = gammas.pop()
            self.functions = {
                role: f.gate for role, f in functions.items() if isinstance(f, ScaleEqRows)
            }

    @property
    def roles(self) -> tuple[Role, ...]:
        """The roles that have a function."""
        return tuple(self.functions)

    def forward(self, w: Weights, x: Tensor, parts: Parts) -> tuple[Tensor, Saved]:
        values, kept = [], []
        for role, rows in parts:
            value, saved = self.functions[role].forward(w, x[rows])
            values.append(value)
            kept.append(saved)
        out = torch.cat(values)
        if self.gamma is None:
            return out, kept
        mapped = F.linear(x, w[self.gamma])
        return mapped * out, (x, mapped, out, kept)

    def backward(
        self, w: Weights, saved: Saved, grad: Tensor, parts: Parts, grads: Gradients
    ) -> Tensor:
        """The gradient of ``x``."""
        if self.gamma is None:
            each = zip(parts, saved, strict=True)
            back = [
                self.functions[role].backward(w, kept, grad[rows], grads)[0]
                for (role, rows), kept in each
            ]
            return torch.cat(back)
        x, mapped, gate, saved = saved
        of_mapped, of_gate = grad * gate, grad * mapped
        grads.add_linear(self.gamma, None, of_mapped, x)
        into = mm(of_mapped, w[self.gamma])
        for (role, rows), kept in zip(parts, saved, strict=True):
            self.functions[role].backward(w, kept, of_gate[rows], grads, into[rows])
        return into


def rows_by_role(per_role: PerRole, at: Places) -> RowsByRole | None:
    """The passes of all functions; None where some are not written out."""
    functions = {role: rows_function(per_role[role], at) for role in per_role.roles}
    known = {role: function for role, function in functions.items() if function is not None}
    return RowsByRole(known) if len(known) == len(functions) else None

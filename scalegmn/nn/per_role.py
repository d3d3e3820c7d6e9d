"""One function for each role of nodes."""

from collections.abc import Mapping
from typing import cast

from torch import nn

from scalegmn.graph.groups import Role
from scalegmn.nn.scale_inv import RowFunction


class PerRole(nn.Module):
    """The function of each role of nodes (input, hidden, output); roles may share one.

    Args:
        functions: by role; a role that is absent is never computed.
    """

    def __init__(self, functions: Mapping[Role, RowFunction]) -> None:
        super().__init__()
        distinct = list(dict.fromkeys(functions.values()))
        self.functions = nn.ModuleList(distinct)
        self.index = {role: distinct.index(f) for role, f in functions.items()}

    def __contains__(self, role: Role) -> bool:
        return role in self.index

    def __getitem__(self, role: Role) -> RowFunction:
        return cast(RowFunction, self.functions[self.index[role]])

    @property
    def roles(self) -> tuple[Role, ...]:
        """The roles that have a function, in the order of :class:`Role`."""
        return tuple(sorted(self.index))

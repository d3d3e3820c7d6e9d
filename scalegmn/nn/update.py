"""UPD of nodes."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from scalegmn.graph.groups import Role
from scalegmn.nn.execution.view import GraphView
from scalegmn.nn.per_role import PerRole


class Update(nn.Module):
    r"""New features of the nodes of each role, from their own and the messages that they received.

    .. math::
        h'_i = \mathrm{UPD}_{\mathrm{role}(i)}([h_i, m_i]; p_i), \qquad
        \mathrm{UPD}_{\mathrm{hidden}} = \mathrm{ScaleEq}

    Reference: Kalogeropoulos et al., 2024, arXiv:2406.10685, section 5.

    Args:
        functions: UPD of each role; roles without one are not read afterwards.
        positional: the nodes' positional encodings are an input.
    """

    def __init__(self, functions: PerRole, *, positional: bool) -> None:
        super().__init__()
        self.functions = functions
        self.positional = positional

    def forward(
        self,
        h: Float[Tensor, "batch node d"],
        m: list[Float[Tensor, "batch node d"]],
        p: Float[Tensor, "1 node d"],
        view: GraphView,
    ) -> dict[Role, Tensor]:
        """The new features by role.

        Args:
            h: features of all nodes.
            m: the messages that they received, of each direction.
            p: their positional encodings.
            view: where the nodes of each role are.
        """
        x = torch.cat([h, *m], dim=-1)
        out = {}
        for role in self.functions.roles:
            encoding = view.nodes(p, role) if self.positional else None
            out[role] = self.functions[role](view.nodes(x, role), encoding, view.signs(role))
        return out

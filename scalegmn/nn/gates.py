"""Functions of rows of features: invariant gates and the equivariant maps that they multiply."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from scalegmn.graph.groups import Role
from scalegmn.nn.canonical import Rows, SignRows
from scalegmn.nn.mlp import MLP
from scalegmn.nn.sums import NodeRows, Sum

Extra = Float[Tensor, "*_rows _d"] | None


class RowFunction(nn.Module, ABC):
    """A function of rows, perhaps with a second input that no symmetry changes."""

    @abstractmethod
    def extra(self, a: Tensor) -> Tensor:
        """The term of the second input ``a``, computed where ``a`` lives."""

    @abstractmethod
    def forward(self, x: Rows, extra: Extra, sign: SignRows) -> Float[Tensor, "*rows d_out"]:
        """The value at rows ``x``, of which ``sign`` marks those whose freedom is a sign."""

    def summed(self, x: Rows, extra: Extra, sign: SignRows, add: Sum) -> NodeRows:
        """The sum of the values at rows on edges."""
        return add(self(x, extra, sign))


class Gate(RowFunction):
    r"""An invariant function of a feature vector (ScaleInv).

    .. math:: \mathrm{ScaleInv}(x; a) = \phi([c(x), a])

    Reference: Kalogeropoulos et al., 2024, arXiv:2406.10685, eq. (8), with the canonical form of
    the whole concatenated vector, as published.

    Args:
        canonical: the canonical form :math:`c`.
        phi: of ``c(x)`` and, if there is a second input, of ``a``.
    """

    def __init__(self, canonical: nn.Module, phi: MLP) -> None:
        super().__init__()
        self.canonical = canonical
        self.phi = phi

    def extra(self, a: Tensor) -> Tensor:
        return self.phi.term(1, a)

    def forward(self, x: Rows, extra: Extra, sign: SignRows) -> Float[Tensor, "*rows d_out"]:
        return self.phi.finish(self.hidden(x, extra, sign))

    def summed(self, x: Rows, extra: Extra, sign: SignRows, add: Sum) -> NodeRows:
        return self.phi.summed(self.hidden(x, extra, sign), add)

    def hidden(self, x: Rows, extra: Extra, sign: SignRows) -> Float[Tensor, "*rows d_hid"]:
        r"""What :math:`\phi` makes of its inputs before its activation."""
        hidden = self.phi.term(0, self.canonical(x, sign))
        return hidden if extra is None else hidden + extra


class MixedGate(RowFunction):
    """One gate for rows that can be rescaled and one for rows that can change their sign."""

    def __init__(self, positive: Gate, negated: Gate) -> None:
        super().__init__()
        self.positive = positive
        self.negated = negated

    def extra(self, a: Tensor) -> Tensor:
        return torch.cat([self.positive.extra(a), self.negated.extra(a)], dim=-1)

    def forward(self, x: Rows, extra: Extra, sign: SignRows) -> Float[Tensor, "*rows d_out"]:
        assert sign is not None
        first, second = (None, None) if extra is None else extra.chunk(2, dim=-1)
        return self.negated(x, second, sign).where(sign, self.positive(x, first, sign))


class Gated(RowFunction):
    r"""An equivariant function of a feature vector (ScaleEq).

    .. math:: \mathrm{ScaleEq}(x; a) = (W x) \odot \mathrm{gate}(x; a)

    Reference: Kalogeropoulos et al., 2024, arXiv:2406.10685, eq. (9).

    Args:
        linear: without bias.
        gate: invariant under the symmetry of the rows.
    """

    def __init__(self, linear: nn.Linear, gate: RowFunction) -> None:
        super().__init__()
        self.linear = linear
        self.gate = gate

    def extra(self, a: Tensor) -> Tensor:
        return self.gate.extra(a)

    def forward(self, x: Rows, extra: Extra, sign: SignRows) -> Float[Tensor, "*rows d_out"]:
        return self.linear(x) * self.gate(x, extra, sign)

    def summed(self, x: Rows, extra: Extra, sign: SignRows, add: Sum) -> NodeRows:
        r"""The sum over edges, through sums of outer products where edges are many.

        .. math::
            \sum_r (W x_r) \odot (B g_r + b)
            = \mathrm{diag}\Bigl(W \Bigl[\sum_r x_r g_r^T\Bigr] B^T\Bigr) + b \odot W \sum_r x_r
        """
        if not (isinstance(self.gate, Gate) and add.prefers_products(x.shape[-1])):
            return super().summed(x, extra, sign, add)
        phi = self.gate.phi
        products = add.products(x, phi.activate(self.gate.hidden(x, extra, sign)))
        crossed = (self.linear.weight @ products * phi.last.weight).sum(-1)
        return crossed + phi.last.bias * self.linear(add(x))


class ByRole(nn.Module):
    """The function of each role of nodes; roles may share one.

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

"""Sums over the edges that meet at a node.

A learned function ends in a linear map. Summing before it instead of after it saves that map on
every edge, so plans compute sums of values (``summed(..., add)``) and not the values themselves.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

EdgeRows = Float[Tensor, "*edges d"]
NodeRows = Float[Tensor, "batch node d"]


class Sum(ABC):
    """Adds up rows on edges at the nodes of one end.

    Attributes:
        count: edges at each node.
    """

    count: int | Float[Tensor, "node 1"]

    @abstractmethod
    def __call__(self, rows: EdgeRows) -> NodeRows:
        """The sums."""

    def prefers_products(self, width: int) -> bool:
        """Whether :meth:`products` are cheaper than two maps of this width on every edge."""
        return False

    def products(self, x: EdgeRows, y: EdgeRows) -> Float[Tensor, "batch node d_x d_y"]:
        """The sums of outer products of rows."""
        each = x.unsqueeze(-1) * y.unsqueeze(-2)
        return self(each.flatten(-2)).unflatten(-1, each.shape[-2:])


@dataclass(frozen=True)
class AxisSum(Sum):
    """Over one axis of a dense block (batch, target, source, d).

    Attributes:
        axis: 2 for the sums at targets, 1 for those at sources.
        count: length of the axis.
    """

    axis: int
    count: int

    def __call__(self, rows: EdgeRows) -> NodeRows:
        return rows.sum(self.axis)

    def prefers_products(self, width: int) -> bool:
        return self.count >= 2 * width

    def products(self, x: EdgeRows, y: EdgeRows) -> Float[Tensor, "batch node d_x d_y"]:
        x, y = (rows if self.axis == 2 else rows.transpose(1, 2) for rows in (x, y))
        return _Products.apply(x, y)


@dataclass(frozen=True)
class NoSum(Sum):
    """Of one edge at each node."""

    count: int = 1

    def __call__(self, rows: EdgeRows) -> NodeRows:
        return rows


@dataclass(frozen=True, eq=False)
class IndexSum(Sum):
    """By index.

    Attributes:
        index: the node of each edge.
        count: edges at each node.
    """

    index: Int[Tensor, " edge"]
    count: Float[Tensor, "node 1"]

    @classmethod
    def over(cls, index: Int[Tensor, " edge"], num_nodes: int) -> "IndexSum":
        """Sums at ``num_nodes`` nodes."""
        return cls(index, torch.bincount(index, minlength=num_nodes).unsqueeze(-1).float())

    def __call__(self, rows: EdgeRows) -> NodeRows:
        return scatter(rows, self.index, len(self.count))


class _Products(torch.autograd.Function):
    """``x.mT @ y``; unlike autograd's, its gradients keep the memory layout of ``x`` and ``y``."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, y: Tensor) -> Tensor:
        return x.mT @ y

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        x, y = ctx.saved_tensors
        # Under autocast, the product had another type than its inputs.
        return y @ grad.mT.to(y.dtype), x @ grad.to(x.dtype)


def scatter(rows: Tensor, index: Tensor, size: int) -> Tensor:
    """Sums of rows (batch, row, d) that have the same index: (batch, size, d)."""
    return rows.new_zeros(rows.shape[0], size, rows.shape[2]).index_add(1, index, rows)

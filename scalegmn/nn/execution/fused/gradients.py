"""Gradients of parameters, collected in a backward pass."""

from collections.abc import Mapping, Sequence

from torch import Tensor, mm

# The rank of each parameter in the network's list.
Places = Mapping[Tensor, int]
Weights = Sequence[Tensor]


class Gradients:
    """The sum of what the functions that share a parameter contribute to its gradient.

    Args:
        count: number of parameters.
        wanted: they are trained; else nothing is collected.
    """

    def __init__(self, count: int, *, wanted: bool) -> None:
        self.wanted = wanted
        self.sums: list[Tensor | None] = [None] * count

    def add(self, place: int, gradient: Tensor) -> None:
        """Add to a parameter's gradient."""
        before = self.sums[place]
        self.sums[place] = gradient if before is None else before + gradient

    def add_linear(self, weight: int, bias: int | None, grad: Tensor, x: Tensor) -> None:
        """Add what ``linear(x, weight, bias)`` contributes, given the gradient of its value."""
        if self.wanted:
            self.add(weight, mm(grad.t(), x))
            if bias is not None:
                self.add(bias, grad.sum(0))


def sums_at(index: Tensor, rows: Tensor, size: int) -> Tensor:
    """Sums of rows that have the same index, which is also the gradient of ``index_select``."""
    return rows.new_zeros(size, rows.shape[1]).index_add_(0, index, rows)

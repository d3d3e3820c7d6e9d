"""Use rewritten parameters for several batches, then go back through the operator once."""

from functools import partial

from torch import Tensor


class Rewriting:
    r"""θ' for up to k batches of images, and one backward pass through the operator that made it.

    .. math:: \frac1m \sum_{i=1}^m \mathrm{CE}_i(\theta') + \lambda R

    is what m ≤ k batches minimise together. All but the last see a copy of θ' without the operator
    behind it, and leave their gradients there: what a batch needs for its backward pass is gone
    before the next one comes. The last sees θ' itself, and the earlier gradients are added to its
    own where they enter the operator.

    Args:
        theta: θ', with the graph of the operator.
        penalty: λR, with the graph of the operator, through θ' or not.
        divisor: k, by which the trainer divides the loss of each batch.
    """

    def __init__(self, theta: dict[str, Tensor], *, penalty: Tensor, divisor: int) -> None:
        self.theta = theta
        self.penalty = penalty
        self.divisor = divisor
        self.batches = 0
        self._copy: dict[str, Tensor] = {}

    def for_batch(self, *, last: bool) -> dict[str, Tensor]:
        """θ' for the next batch."""
        self.batches += 1
        if last:
            if self.divisor > 1:
                self._collect()
            return self.theta
        if not self._copy:
            self._copy = {
                name: p.detach().requires_grad_(p.requires_grad) for name, p in self.theta.items()
            }
        return self._copy

    def loss(self, error: Tensor, *, last: bool) -> Tensor:
        """The loss whose gradient the batch contributes, given its cross-entropy."""
        return self._factor * (error + self.batches * self.penalty) if last else error

    @property
    def _factor(self) -> float:
        """At the end of an epoch there may be fewer batches than the trainer divides by."""
        return self.divisor / self.batches

    def _collect(self) -> None:
        for name, parameter in self.theta.items():
            if parameter.requires_grad:
                parameter.register_hook(partial(_joined, self._copy.get(name), self._factor))


def _joined(copy: Tensor | None, factor: float, gradient: Tensor) -> Tensor:
    earlier = None if copy is None else copy.grad
    return gradient if earlier is None else gradient + factor * earlier

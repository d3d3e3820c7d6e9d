"""Train networks of one architecture at once, each with its own mask and optimizer."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.optim import Optimizer

from scalegmn.pruning import Mask
from scalegmn.stacked.logits import StackedLogits
from scalegmn.stacked.optimizers import check_elementwise

Batches = Iterable[tuple[Tensor, Tensor]]
# Makes an optimizer of parameters.
MakeOptimizer = Callable[[list[nn.Parameter]], Optimizer]
# The loss of each network, a sum over images, given logits [k, b, classes], images and labels.
Objective = Callable[[Tensor, Tensor, Tensor], Tensor]
# Images times networks that a CPU sees at once: more leave its cache.
AT_ONCE = 512


@dataclass(frozen=True)
class Measured:
    """How good networks are on a split.

    Args:
        loss: cross-entropy, the mean over images.
        accuracy: fraction of images.
    """

    loss: Float[Tensor, " k"]
    accuracy: Float[Tensor, " k"]


class StackedNetworks:
    """Networks in training on the same batches; what a mask prunes is exactly zero after each step.

    A network depends on the networks beside it by rounding only.

    Args:
        net: any network of the architecture, on the device of the images.
        networks: parameters of each network by name.
        masks: of each network.
        optimizers: one for each network.
        objective: what is minimised; ``None`` for the cross-entropy.
    """

    def __init__(
        self,
        net: nn.Module,
        networks: Sequence[Mapping[str, Tensor]],
        masks: Sequence[Mask],
        optimizers: Sequence[MakeOptimizer],
        objective: Objective | None = None,
    ) -> None:
        self.objective = objective or (lambda logits, _, y: _cross_entropies(logits, y))
        self.logits = StackedLogits(net)
        self.pruned = torch.stack([self._pruned(mask) for mask in masks])
        rows = [self.logits.row(network) for network in networks]
        self.rows = torch.stack(rows).to(self.pruned.device).masked_fill_(self.pruned, 0)
        self.params = [nn.Parameter(row) for row in self.rows]  # views
        self.optimizers = [make([p]) for make, p in zip(optimizers, self.params, strict=True)]
        for optimizer in self.optimizers:
            check_elementwise(optimizer)

    def __len__(self) -> int:
        return len(self.rows)

    def train(self, batches: Batches) -> Float[Tensor, " k"]:
        """One step for each batch.

        Returns:
            The training loss of each network, the mean over all images.
        """
        total, count = self.rows.new_zeros(len(self), dtype=torch.float64), 0
        for x, y in batches:
            total += self._step(x, y)
            count += len(y)
        return total / count

    @torch.no_grad()
    def measure(self, batches: Batches) -> Measured:
        """Loss and accuracy of each network."""
        loss = self.rows.new_zeros(len(self), dtype=torch.float64)
        right, count = torch.zeros_like(loss), 0
        for part, y in self._parts(batches):
            logits = self.logits(self.rows, part)
            loss += _cross_entropies(logits, y)
            right += (logits.argmax(2) == y).sum(1)
            count += len(y)
        return Measured(loss / count, right / count)

    def keep(self, networks: Sequence[int]) -> None:
        """Go on with some of the networks."""
        self.rows = self.rows[list(networks)]
        self.pruned = self.pruned[list(networks)]
        self.params = [self.params[i] for i in networks]
        self.optimizers = [self.optimizers[i] for i in networks]
        self._tie()

    def state_dict(self) -> dict[str, Any]:
        return {
            "rows": self.rows.cpu(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.rows.copy_(state["rows"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)

    def _step(self, x: Float[Tensor, "b c h w"], y: Int64[Tensor, " b"]) -> Float[Tensor, " k"]:
        rows = self.rows.detach().requires_grad_()
        gradient = torch.zeros_like(self.rows)
        loss = self.rows.new_zeros(len(self), dtype=torch.float64)
        for part, labels in self._parts([(x, y)]):
            losses = self.objective(self.logits(rows, part), part, labels)
            (share,) = torch.autograd.grad(losses.sum() / len(y), rows)
            gradient += share
            loss += losses.detach()
        gradient.masked_fill_(self.pruned, 0)
        for param, own, optimizer in zip(self.params, gradient, self.optimizers, strict=True):
            param.grad = own
            optimizer.step()
        self.rows.masked_fill_(self.pruned, 0)
        return loss

    def _parts(self, batches: Batches) -> Iterable[tuple[Tensor, Tensor]]:
        """The batches, cut into what fits the cache."""
        for x, y in batches:
            size = len(y) if x.is_cuda else max(16, AT_ONCE // len(self))
            yield from zip(x.to(self.rows.dtype).split(size), y.split(size), strict=True)

    def _pruned(self, mask: Mask) -> Tensor:
        shapes = {n: torch.ones_like(p) for n, p in self.logits.net.named_parameters()}
        return self.logits.row(mask.to(next(iter(shapes.values())).device).apply(shapes)) == 0

    def _tie(self) -> None:
        """Let the optimizers change the rows in place."""
        for param, row in zip(self.params, self.rows, strict=True):
            param.data = row


def _cross_entropies(
    logits: Float[Tensor, "k b classes"], y: Int64[Tensor, " b"]
) -> Float[Tensor, " k"]:
    """The sum over images, of each network."""
    k = len(logits)
    losses = F.cross_entropy(logits.flatten(0, 1), y.repeat(k), reduction="none")
    return losses.view(k, -1).sum(1)

"""Train networks of one architecture at once, each with its own mask and optimizer."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.optim import Optimizer

from scalegmn.pruning import Mask
from scalegmn.stacked.logits import StackedLogits
from scalegmn.stacked.measured import Batches, Measured, cross_entropies, measure, parts
from scalegmn.stacked.optimizers import check_elementwise
from scalegmn.stacked.threads import share

# Makes an optimizer of parameters.
MakeOptimizer = Callable[[list[nn.Parameter]], Optimizer]
# Images [b, c, h, w] and labels [b].
Batch = tuple[Float[Tensor, "b c h w"], Int64[Tensor, " b"]]
# The loss of each network, a sum over images, given logits [k, b, classes], images and labels.
Objective = Callable[[Tensor, Tensor, Tensor], Tensor]


def cross_entropy(logits: Tensor, _: Tensor, y: Tensor) -> Tensor:
    """The usual objective."""
    return cross_entropies(logits, y)


class StackedNetworks:
    """Networks in training; what a mask prunes is exactly zero after each step.

    All see the same batches, or each those of its source, such as a seed. A network depends on the
    networks beside it by rounding only.

    Args:
        net: any network of the architecture, on the device of the images.
        networks: parameters of each network by name.
        masks: of each network.
        optimizers: one for each network.
        objectives: what is minimised, of each source; the cross-entropy for one.
        sources: the number of the source of each network; all have the first one otherwise.

    Raises:
        ValueError: if there are not as many sources as networks, or no objective for one.
    """

    def __init__(
        self,
        net: nn.Module,
        networks: Sequence[Mapping[str, Tensor]],
        masks: Sequence[Mask],
        optimizers: Sequence[MakeOptimizer],
        objectives: Sequence[Objective] = (cross_entropy,),
        sources: Sequence[int] | None = None,
    ) -> None:
        self.objectives = list(objectives)
        self.sources = [0] * len(networks) if sources is None else list(sources)
        if len(self.sources) != len(networks) or not set(self.sources) <= {*range(len(objectives))}:
            raise ValueError(
                f"{len(networks)} networks of {len(objectives)} sources: got sources {sources}"
            )
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

    def train(self, *batches: Batches) -> Float[Tensor, " k"]:
        """One step for each batch.

        Args:
            batches: of each source, as many.

        Returns:
            The training loss of each network, the mean over all images.

        Raises:
            ValueError: if sources have unequal numbers of batches.
        """
        total = self.rows.new_zeros(len(self), dtype=torch.float64)
        count = torch.zeros_like(total)
        for of_sources in zip(*batches, strict=True):
            total += self._step(of_sources)
            count += count.new_tensor([len(of_sources[source][1]) for source in self.sources])
        return total / count

    def measure(self, batches: Batches) -> Measured:
        """Loss and accuracy of each network."""
        return measure(self.logits, self.rows, batches)

    def keep(self, networks: Sequence[int]) -> None:
        """Go on with some of the networks."""
        self.rows = self.rows[list(networks)]
        self.pruned = self.pruned[list(networks)]
        self.params = [self.params[i] for i in networks]
        self.optimizers = [self.optimizers[i] for i in networks]
        self.sources = [self.sources[i] for i in networks]
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

    def _step(self, batches: Sequence[Batch]) -> Float[Tensor, " k"]:
        gradient = torch.zeros_like(self.rows)
        loss = self.rows.new_zeros(len(self), dtype=torch.float64)

        def differentiate(some: slice) -> None:
            source = self.sources[some.start]
            batch, objective = batches[source], self.objectives[source]
            rows = self.rows.detach()[some].requires_grad_()
            for part, labels in parts([batch], rows):
                losses = objective(self.logits(rows, part), part, labels)
                (share_of_part,) = torch.autograd.grad(losses.sum() / len(batch[1]), rows)
                gradient[some] += share_of_part
                loss[some] += losses.detach()

        share(differentiate, self.sources, self.rows.device)
        gradient.masked_fill_(self.pruned, 0)
        for param, own, optimizer in zip(self.params, gradient, self.optimizers, strict=True):
            param.grad = own
            optimizer.step()
        self.rows.masked_fill_(self.pruned, 0)
        return loss

    def _pruned(self, mask: Mask) -> Tensor:
        shapes = {n: torch.ones_like(p) for n, p in self.logits.net.named_parameters()}
        return self.logits.row(mask.to(next(iter(shapes.values())).device).apply(shapes)) == 0

    def _tie(self) -> None:
        """Let the optimizers change the rows in place."""
        for param, row in zip(self.params, self.rows, strict=True):
            param.data = row

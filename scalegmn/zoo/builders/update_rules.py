"""Optimizers, a different one for each of many networks."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

EPSILON = 1e-7


@dataclass(frozen=True)
class Rule:
    """One optimizer as a choice of factors.

    Args:
        momentum: decay of the mean of gradients.
        decay: of the mean of squared gradients.
        adaptive: whether steps are divided by the root of the latter.
        corrected: whether both means are divided by what they sum up to at the start.
    """

    momentum: float = 0.0
    decay: float = 0.0
    adaptive: bool = False
    corrected: bool = False


# With the defaults of Keras, which trained the Small CNN Zoo.
RULES = {
    "adam": Rule(momentum=0.9, decay=0.999, adaptive=True, corrected=True),
    "rmsprop": Rule(decay=0.9, adaptive=True),
    "sgd": Rule(),
}


class StackedOptimizer:
    """Updates rows of parameters, each by its own rule.

    Args:
        rows: ``[k, p]``, one network each; changed in place.
        names: of each row's rule in :data:`RULES`.
        learning_rates: of each row.
    """

    def __init__(
        self, rows: Float[Tensor, "k p"], names: Sequence[str], learning_rates: Sequence[float]
    ) -> None:
        rules = [RULES[name] for name in names]

        def column(values: Sequence[float]) -> Tensor:
            return torch.tensor(values, dtype=torch.float64, device=rows.device)[:, None]

        self.rows = rows
        self.rates = column(learning_rates)
        self.momentum = column([rule.momentum for rule in rules])
        self.decay = column([rule.decay for rule in rules])
        self.adaptive = column([float(rule.adaptive) for rule in rules]).bool()
        self.corrected = column([float(rule.corrected) for rule in rules])
        self.mean = torch.zeros_like(rows)
        self.square = torch.zeros_like(rows)
        self.steps = 0

    @torch.no_grad()
    def step(self, gradient: Float[Tensor, "k p"]) -> None:
        """Change every row by its gradient."""
        self.steps += 1
        momentum, decay = self.momentum.to(gradient), self.decay.to(gradient)
        self.mean.mul_(momentum).add_(gradient * (1 - momentum))
        self.square.mul_(decay).add_(gradient.square() * (1 - decay))
        # Small numbers: in double precision, as torch.optim has them.
        first = 1 - self.corrected * self.momentum**self.steps
        second = 1 - self.corrected * self.decay**self.steps
        root = self.square.sqrt() / second.sqrt().to(gradient) + EPSILON
        divisor = torch.where(self.adaptive, root, torch.ones_like(root))
        self.rows.sub_((self.rates / first).to(gradient) * self.mean / divisor)

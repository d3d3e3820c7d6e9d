"""Differentiable gates on weights."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from scalegmn.arguments import check_interval, check_number
from scalegmn.pruning.selection import make_mask


@runtime_checkable
class Gates(Protocol):
    """Gates z on weights: random in training, fixed otherwise."""

    def sample(self, scores: Mapping[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
        """Gates for a step of training, differentiable in the scores.

        Args:
            scores: of the weights by name.
            generator: a generator of the CPU, so that every device draws the same gates.
        """

    def fixed(self, scores: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Gates without chance."""

    def expected_open(self, scores: Mapping[str, Tensor]) -> Float[Tensor, ""]:
        """The expected number of gates that are not 0."""


@dataclass(frozen=True)
class HardConcrete:
    r"""Gates in [0, 1] that are exactly 0 or 1 with positive probability.

    .. math::
        z = \min(1, \max(0, \zeta s + \gamma (1 - s))), \qquad
        s = \sigma\bigl((\log u - \log(1 - u) + \log \alpha) / \beta\bigr), \quad
        u \sim \mathrm{Uniform}(0, 1)

    :math:`\log \alpha` of a gate is an affine function of its score, the same for all.

    Reference: Louizos et al., *Learning Sparse Neural Networks through L0 Regularization*, 2018,
    arXiv:1712.01312, eq. (10) to (13).

    Args:
        slope: of that function, above 0; steep ones make gates that chance hardly changes.
        start: its value at a score of 0.
        temperature: β, in (0, 1).
        low: γ, below 0.
        high: ζ, above 1.

    Raises:
        ValueError: if a number is out of range.
    """

    slope: float = 3.0
    start: float = 2.0
    temperature: float = 2 / 3
    low: float = -0.1
    high: float = 1.1

    def __post_init__(self) -> None:
        check_number("model.gates.slope", self.slope, above=0)
        check_number("model.gates.start", self.start)
        check_number("model.gates.temperature", self.temperature, above=0, below=1)
        check_number("model.gates.low", self.low, below=0)
        check_number("model.gates.high", self.high, above=1)

    def sample(self, scores: Mapping[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
        """Gates for a step of training."""
        gates = {}
        for name, score in scores.items():
            u = torch.rand(score.shape, generator=generator, dtype=score.dtype).to(score.device)
            noise = u.log() - (1 - u).log()
            gates[name] = self._stretched((noise + self._log_alpha(score)) / self.temperature)
        return gates

    def fixed(self, scores: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Gates without noise, eq. (13)."""
        return {name: self._stretched(self._log_alpha(score)) for name, score in scores.items()}

    def expected_open(self, scores: Mapping[str, Tensor]) -> Float[Tensor, ""]:
        r"""The expected number of gates that are not 0, eq. (12).

        .. math:: \sum_i \sigma(\log \alpha_i - \beta \log (-\gamma / \zeta))
        """
        shift = self.temperature * math.log(-self.low / self.high)
        logits = [self._log_alpha(score) - shift for score in scores.values()]
        return torch.stack([logit.sigmoid().sum() for logit in logits]).sum()

    def _log_alpha(self, score: Tensor) -> Tensor:
        return self.slope * score + self.start

    def _stretched(self, logits: Tensor) -> Tensor:
        return (logits.sigmoid() * (self.high - self.low) + self.low).clamp(0, 1)


@dataclass(frozen=True)
class TopK:
    r"""Gates that are 1 for the highest scores and 0 for the others, with gradients as if z = s.

    The fraction of zeros is drawn anew for each step, so that one training ranks the weights for
    all sparsities of an interval; without noise it is the middle of that interval.

    Reference: Ramanujan et al., *What's Hidden in a Randomly Weighted Neural Network?*, 2020,
    arXiv:1911.13299 (edge-popup); the gradients are straight-through, Bengio et al., 2013,
    arXiv:1308.3432.

    Args:
        sparsity: lower and upper end of the fraction of zeros.

    Raises:
        ValueError: if it is no interval in [0, 1).
    """

    sparsity: Sequence[float] = (0.5, 0.95)

    def __post_init__(self) -> None:
        check_interval("model.gates.sparsity", self.sparsity, least=0, below=1)

    def sample(self, scores: Mapping[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
        """Gates for a step of training, at a sparsity that the generator draws."""
        low, high = self.sparsity
        share = torch.rand((), generator=generator, dtype=torch.float64).item()
        return self._opened(scores, low + share * (high - low))

    def fixed(self, scores: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Gates at the middle of the interval."""
        return self._opened(scores, sum(self.sparsity) / 2)

    def expected_open(self, scores: Mapping[str, Tensor]) -> Float[Tensor, ""]:
        """The number of gates that are open on average, which no score changes."""
        count = sum(score.numel() for score in scores.values())
        return next(iter(scores.values())).new_tensor(count * (1 - sum(self.sparsity) / 2))

    def _opened(self, scores: Mapping[str, Tensor], sparsity: float) -> dict[str, Tensor]:
        keep = make_mask(scores, sparsity).keep
        return {name: keep[name] + (score - score.detach()) for name, score in scores.items()}

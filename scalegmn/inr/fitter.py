"""Fit many SIRENs at once, each to an image."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.optim import Adam

from scalegmn.arguments import check_number, check_whole
from scalegmn.inr.grid import pixel_grid
from scalegmn.targets import Siren


@dataclass(frozen=True)
class Fitter:
    r"""Adam on all pixels of every image, its rate along a cosine to zero.

    The parameters of all SIRENs are stacked and share one optimizer, which updates every entry by
    itself: each SIREN is fitted as if it were alone.

    Attributes:
        steps: of the optimizer.
        lr: its learning rate in the first step.

    Raises:
        ValueError: if a number is not above 0.
    """

    steps: int = 200
    lr: float = 5e-3

    def __post_init__(self) -> None:
        check_whole("inrs.fitter.steps", self.steps)
        check_number("inrs.fitter.lr", self.lr, above=0)

    def fit(
        self, siren: Siren, start: Mapping[str, Tensor], images: Float[Tensor, "k c h w"]
    ) -> dict[str, Tensor]:
        """The parameters of k SIRENs, one for each image.

        Args:
            siren: the architecture.
            start: parameters to begin with, with a leading axis of k.
            images: pixels in [0, 1].
        """
        params = {name: p.clone().requires_grad_() for name, p in start.items()}
        x = pixel_grid(*images.shape[-2:]).to(images)
        pixels = images.flatten(2).mT
        optimizer = Adam(params.values(), lr=self.lr, fused=True)
        for step in range(self.steps):
            optimizer.param_groups[0]["lr"] = self._rate(step)
            error = siren.evaluate(params, x) - pixels
            # A sum over SIRENs: the gradient of one does not depend on how many there are.
            loss = error.square().mean((1, 2)).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return {name: p.detach() for name, p in params.items()}

    def _rate(self, step: int) -> float:
        return self.lr * (1 + math.cos(math.pi * step / self.steps)) / 2


def initial_parameters(siren: Siren, seeds: Sequence[int]) -> dict[str, Float[Tensor, "k ..."]]:
    """Initial parameters of SIRENs, each drawn from a seed of its own, on the CPU.

    Args:
        siren: the architecture, with the bounds of its distributions.
        seeds: of each SIREN.
    """
    shapes = {name: p.shape for name, p in siren.named_parameters()}
    drawn: dict[str, list[Tensor]] = {name: [] for name in shapes}
    for seed in seeds:
        generator = torch.Generator().manual_seed(seed)
        for name, bound in siren.bounds().items():
            uniform = torch.rand(shapes[name], generator=generator)
            drawn[name].append((2 * uniform - 1) * bound)
    return {name: torch.stack(tensors) for name, tensors in drawn.items()}

"""A control: another method's masks, shuffled within each layer."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import nn

from pipelines.methods.candidate import Candidate, Method
from pipelines.run import Run


class Shuffled:
    """Keep as many entries of each tensor as another method does, at random places.

    Its loss against that method is what the method knows beyond each layer's sparsity.

    Args:
        name: of the control.
        method: makes the candidates.
        seed: of the shuffling, the same on every device.

    Raises:
        ValueError: if the method prunes channels.
    """

    def __init__(self, *, name: str, method: Method, seed: int) -> None:
        if getattr(method, "channels", None) is not None:
            raise ValueError(f"sparsity_kind: pruner={name} shuffles single weights")
        self.name = name
        self.method = method
        self.seed = seed

    def candidates(
        self, run: Run, dense: nn.Module, sparsities: Sequence[float]
    ) -> Iterator[Candidate]:
        for candidate in self.method.candidates(run, dense, sparsities):
            generator = torch.Generator().manual_seed(self.seed)
            yield replace(candidate, mask=candidate.mask.shuffled(generator))

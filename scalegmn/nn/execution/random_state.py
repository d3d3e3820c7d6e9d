"""States of the generators that dropout draws from."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Random:
    """The states of the generators of the CPU and, perhaps, of the current GPU.

    Attributes:
        cpu: state of the CPU's generator.
        cuda: state of the GPU's generator; None if it is not used.
    """

    cpu: Tensor
    cuda: Tensor | None

    @classmethod
    def now(cls, device: str) -> "Random":
        """The present states, for computations on a type of device."""
        return cls(torch.get_rng_state(), torch.cuda.get_rng_state() if device == "cuda" else None)

    def is_now(self) -> bool:
        """Whether nothing has been drawn since."""
        if self.cuda is not None and not self.cuda.equal(torch.cuda.get_rng_state()):
            return False
        return self.cpu.equal(torch.get_rng_state())

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Draws what was drawn since, once more; the generators are left as they are."""
        devices = [] if self.cuda is None else [torch.cuda.current_device()]
        with torch.random.fork_rng(devices):
            torch.set_rng_state(self.cpu)
            if self.cuda is not None:
                torch.cuda.set_rng_state(self.cuda)
            yield

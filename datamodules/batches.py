"""Which rows make up each batch."""

from collections.abc import Iterator
from math import ceil
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor
from torch.utils.data import DataLoader, Sampler


class Picked(NamedTuple):
    """One process's part of a batch: which rows, and a random number for each of them.

    Args:
        rows: indices into the data set.
        noise: one number in [0, 2^31) per row, for augmentation.
    """

    rows: Int64[Tensor, " n"]
    noise: Int64[Tensor, " n"]


class EpochBatches(Sampler[Picked]):
    """Batches of rows, cut among the processes.

    Order and noise depend on ``(seed, epoch)`` alone, not on the global random state, so that a
    resumed run, and a run on more processes, sees the same batches. The last batch may be smaller.

    Args:
        size: rows in the data set.
        batch_size: rows per batch, over all processes.
        seed: of the shuffling; ``None`` keeps the order.
        rank: which process this is.
        world_size: how many processes share a batch.
        device: where the rows are wanted.

    Raises:
        ValueError: if a batch has fewer rows than there are processes.
    """

    def __init__(
        self,
        size: int,
        batch_size: int,
        *,
        seed: int | None,
        rank: int = 0,
        world_size: int = 1,
        device: torch.device | str = "cpu",
    ) -> None:
        smallest = min(batch_size, size % batch_size or batch_size)
        if smallest < world_size:
            raise ValueError(
                f"a batch of {smallest} cannot be shared by {world_size} processes "
                f"({size} in all, data.batch_size={batch_size}): choose another data.batch_size"
            )
        self.size = size
        self.batch_size = batch_size
        self.seed = seed
        self.rank = rank
        self.world_size = world_size
        self.device = torch.device(device)
        self.epoch = 0
        self.done = 0
        self.resume_at = (0, 0)

    def __len__(self) -> int:
        return ceil(self.size / self.batch_size)

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of the next pass; Lightning calls it before each epoch."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[Picked]:
        # A generator, so that nothing is drawn before set_epoch: Lightning makes it first.
        rows, noise = (part.to(self.device) for part in self._draw())
        epoch, start = self.resume_at
        for batch in range(start if epoch == self.epoch else 0, len(self)):
            part = slice(batch * self.batch_size, (batch + 1) * self.batch_size)
            self.done = batch + 1
            yield Picked(self._share(rows[part]), self._share(noise[part]))

    def _draw(self) -> Picked:
        if self.seed is None:
            return Picked(torch.arange(self.size), torch.zeros(self.size, dtype=torch.int64))
        mixed = np.random.SeedSequence([self.seed, self.epoch]).generate_state(1)[0]
        generator = torch.Generator().manual_seed(int(mixed))
        rows = torch.randperm(self.size, generator=generator)
        return Picked(rows, torch.randint(2**31, (self.size,), generator=generator))

    def _share(self, batch: Tensor) -> Tensor:
        return batch.tensor_split(self.world_size)[self.rank]


class BatchLoader(DataLoader):
    """A loader that a run stopped inside an epoch can continue from the next batch."""

    sampler: EpochBatches

    def state_dict(self) -> dict[str, Any]:
        return {"epoch": self.sampler.epoch, "batch": self.sampler.done}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.sampler.resume_at = (state["epoch"], state["batch"])

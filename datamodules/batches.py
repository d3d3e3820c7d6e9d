"""Batches of row indices, shared among processes."""

from collections.abc import Iterator
from math import ceil
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor
from torch.utils.data import DataLoader
from torch.utils.data.distributed import DistributedSampler


class BatchIndices(NamedTuple):
    """One process's part of a batch: indices of rows, and a random number for each of them.

    Args:
        rows: indices into the data set.
        noise: one number in [0, 2^31) per row, for augmentation.
    """

    rows: Int64[Tensor, " n"]
    noise: Int64[Tensor, " n"]


class EpochBatches(DistributedSampler[BatchIndices]):
    """Batches of rows, each cut among the processes.

    Order and noise depend on ``(seed, epoch)`` alone, not on the global random state, so that a
    resumed run, and a run on more processes, sees the same batches. The last batch may be smaller.

    It is a ``DistributedSampler`` so that Lightning leaves it in place
    (``trainer.use_distributed_sampler=true``); unlike its base class, it repeats no row.

    Args:
        size: rows in the data set.
        batch_size: rows per batch, over all processes.
        seed: of the shuffling; ``None`` keeps the order.
        rank: index of this process.
        world_size: number of processes that share a batch.
        device: where the indices are wanted.

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
        rows: Any = range(size)  # only its length is read
        super().__init__(rows, world_size, rank, shuffle=seed is not None, seed=seed or 0)
        self.size = size
        self.batch_size = batch_size
        self.device = torch.device(device)
        self.done = 0
        self.resume_at = (0, 0)

    def __len__(self) -> int:
        return ceil(self.size / self.batch_size)

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of the next pass; Lightning calls it before each epoch."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[BatchIndices]:
        # A generator, so that nothing is drawn before set_epoch: Lightning makes it first.
        rows, noise = (part.to(self.device) for part in self._draw())
        epoch, start = self.resume_at
        for batch in range(start if epoch == self.epoch else 0, len(self)):
            part = slice(batch * self.batch_size, (batch + 1) * self.batch_size)
            self.done = batch + 1
            yield BatchIndices(self._share(rows[part]), self._share(noise[part]))

    def gathered_rows(self) -> Int64[Tensor, " size"]:
        """All rows, in the order of the shares of all processes one after another."""
        rows, _ = self._draw()
        shares = [batch.tensor_split(self.num_replicas) for batch in rows.split(self.batch_size)]
        return torch.cat([share[rank] for rank in range(self.num_replicas) for share in shares])

    def _draw(self) -> BatchIndices:
        if not self.shuffle:
            return BatchIndices(torch.arange(self.size), torch.zeros(self.size, dtype=torch.int64))
        mixed = np.random.SeedSequence([self.seed, self.epoch]).generate_state(1)[0]
        generator = torch.Generator().manual_seed(int(mixed))
        rows = torch.randperm(self.size, generator=generator)
        return BatchIndices(rows, torch.randint(2**31, (self.size,), generator=generator))

    def _share(self, batch: Tensor) -> Tensor:
        return batch.tensor_split(self.num_replicas)[self.rank]


class BatchLoader(DataLoader):
    """A loader that a run stopped inside an epoch can continue from the next batch."""

    sampler: EpochBatches

    def state_dict(self) -> dict[str, Any]:
        return {"epoch": self.sampler.epoch, "batch": self.sampler.done}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.sampler.resume_at = (state["epoch"], state["batch"])

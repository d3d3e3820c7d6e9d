"""Finished networks of a zoo whose building is under way."""

import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64

from scalegmn.formats import atomic_path
from scalegmn.zoo.builders.training import Trajectories


@dataclass(frozen=True)
class Part:
    """Networks that were trained together.

    Args:
        numbers: of the networks in the zoo.
        weights: rows of the zoo, for each network and checkpoint.
        metrics: for each of them, see :class:`Trajectories`.
        seconds: that it took.
    """

    numbers: Int64[np.ndarray, " k"]
    weights: Float32[np.ndarray, "k checkpoints p"]
    metrics: Float[np.ndarray, "k checkpoints 6"]
    seconds: float


class Parts:
    """A folder of parts: a network is in one of them or still to be trained.

    Args:
        folder: where they are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def finished(self) -> set[int]:
        """The numbers of the networks that are there.

        Raises:
            ValueError: if a file is damaged.
        """
        numbers = (_read(file, "numbers")[0] for file in self._files())
        return {int(number) for some in numbers for number in some}

    def add(self, numbers: list[int], trained: Trajectories, seconds: float) -> None:
        """Write networks that were trained together, all or none."""
        with atomic_path(self.folder / f"from_{numbers[0]:07d}.npz") as temporary:
            np.savez(
                temporary,
                numbers=np.array(numbers, dtype=np.int64),
                weights=trained.weights.numpy(),
                metrics=trained.metrics.to(torch.float64).numpy(),
                seconds=np.array(seconds),
            )

    def __iter__(self) -> Iterator[Part]:
        for file in self._files():
            numbers, weights, metrics, seconds = _read(
                file, "numbers", "weights", "metrics", "seconds"
            )
            yield Part(numbers, weights, metrics, float(seconds))

    def remove(self) -> None:
        """Delete them, and what a killed process left half-written."""
        if self.folder.exists():
            for file in [*self._files(), *self.folder.glob(".from_*.npz")]:
                file.unlink()
            with suppress(OSError):  # someone else's file is there
                self.folder.rmdir()

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("from_*.npz"))


def _read(file: Path, *names: str) -> list[np.ndarray]:
    try:
        with file.open("rb") as stream, np.load(stream) as part:
            return [part[name] for name in names]
    except (ValueError, KeyError, EOFError, BadZipFile, zlib.error) as error:
        raise ValueError(
            f"{file}: damaged; delete it, and repeat the command to train its networks again"
        ) from error

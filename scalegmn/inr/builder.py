"""Fit SIRENs to all images of a data set, resumably."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock
from torch import Tensor

from scalegmn.allocator import keep_freed_memory
from scalegmn.arguments import check_whole
from scalegmn.formats.paths import expand_home
from scalegmn.inr.assembly import part_file, quality, remove_parts, write_checkpoints
from scalegmn.inr.fitter import Fitter, initial_parameters
from scalegmn.inr.images import NumberedImages
from scalegmn.inr.inr_set import INRSet, concatenate
from scalegmn.inr.packed import SPLITS, Split, packed_file, read_packed, write_packed
from scalegmn.inr.plan import Group, groups_of, seed_of
from scalegmn.inr.record import claim_folder
from scalegmn.processes import in_processes
from scalegmn.targets import Siren

# INRs that are fitted together: on a CPU, more only leave the cache.
AT_ONCE = {"cpu": 16, "cuda": 4096}
# Called with the number of fits that are finished, and of those that there will be.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Fitted:
    """INRs of one shard.

    Attributes:
        psnr: in dB, by split; of every INR.
        fitted: how many of them this session fitted.
        seconds: that it took.
    """

    psnr: Mapping[Split, Tensor]
    fitted: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class INRBuilder:
    """Fits SIRENs to images, in several processes and jobs.

    The folder gets a packed file per split and shard (:mod:`scalegmn.inr.packed`) and, if wanted,
    a checkpoint per INR in the layout of the public ``mnist-inrs``. Stopped at any moment and
    started again, it goes on, and every byte is the same.

    Args:
        folder: where the INRs will be.
        siren: the architecture.
        fitter: how each is fitted.
        fits_per_image: from different initial parameters.
        images: how many images of each split at most, the first ones: one number, or one by split;
            ``None`` for all.
        seed: of initial parameters.
        at_once: SIRENs that are fitted together; ``None`` for what suits the device.
        shard: which part of the work this job does, from 0.
        shards: among how many jobs the work is shared.
        checkpoints: also write the public layout, a file per INR.

    Raises:
        ValueError: if a number is impossible.
    """

    folder: str | Path
    siren: Siren
    fitter: Fitter
    fits_per_image: int = 1
    images: int | Mapping[Split, int] | None = None
    seed: int = 42
    at_once: int | None = None
    shard: int = 0
    shards: int = 1
    checkpoints: bool = True

    def __post_init__(self) -> None:
        check_whole("inrs.fits_per_image", self.fits_per_image)
        if self.at_once is not None:
            check_whole("inrs.at_once", self.at_once)
        if isinstance(self.images, Mapping) and self.images.keys() != set(SPLITS):
            raise ValueError(
                f"inrs.images must have {', '.join(SPLITS)}, got {', '.join(self.images) or 'none'}"
            )
        for count in self._counts().values():
            if count is not None:
                check_whole("inrs.images", count)
        check_whole("inrs.seed", self.seed, least=0)
        check_whole("shards", self.shards)
        check_whole("shard", self.shard, least=0)
        if self.shard >= self.shards:
            raise ValueError(f"shard={self.shard}: shards={self.shards} are numbered from 0")

    def build(
        self,
        images: Mapping[Split, NumberedImages],
        *,
        dataset: Mapping[str, Any],
        device: torch.device,
        progress: Progress,
    ) -> Fitted:
        """Fit what is not there yet; no-op if complete.

        Args:
            images: of each split.
            dataset: name and settings of the images, as JSON has them.
            device: where to fit.
            progress: called with the numbers of finished fits and of all.

        Raises:
            ValueError: if the folder holds something else, or there are too many shards.
        """
        folder = expand_home(self.folder)
        images = {split: images[split].first(count) for split, count in self._counts().items()}
        at_once = self.at_once or AT_ONCE[device.type]
        groups = groups_of(
            images,
            fits_per_image=self.fits_per_image,
            at_once=at_once,
            shard=self.shard,
            shards=self.shards,
        )
        claim_folder(folder, self._recipe(dataset, at_once))
        lock = folder / f".shard_{self.shard}.lock"
        with FileLock(lock):
            start = time.perf_counter()
            fitted = 0
            if not self._is_finished(folder):
                fitted = self._fit_missing(folder, groups, images, device, progress)
                self._assemble(folder, groups, images, dataset)
            seconds = time.perf_counter() - start
            remove_parts(folder, groups)
            lock.unlink(missing_ok=True)
        files = {split: self._file(folder, split) for split in SPLITS}
        return Fitted(quality(files, self.siren), fitted, seconds)

    def _counts(self) -> dict[Split, int | None]:
        """How many images of each split at most."""
        if isinstance(self.images, Mapping):
            return {split: self.images[split] for split in SPLITS}
        return dict.fromkeys(SPLITS, self.images)

    def _recipe(self, dataset: Mapping[str, Any], at_once: int) -> dict[str, Any]:
        return {
            "kind": "inrs",
            "dataset": dict(dataset),
            "siren": self.siren.settings(),
            "fitter": asdict(self.fitter),
            "fits_per_image": self.fits_per_image,
            "images": dict(self.images) if isinstance(self.images, Mapping) else self.images,
            "seed": self.seed,
            "at_once": at_once,
            "shards": self.shards,
            "checkpoints": self.checkpoints,
        }

    def _file(self, folder: Path, split: Split) -> Path:
        return packed_file(folder, split, self.shard, self.shards)

    def _is_finished(self, folder: Path) -> bool:
        return all(self._file(folder, split).exists() for split in SPLITS)

    def _fit_missing(
        self,
        folder: Path,
        groups: list[Group],
        images: Mapping[Split, NumberedImages],
        device: torch.device,
        progress: Progress,
    ) -> int:
        keep_freed_memory()
        missing = [group for group in groups if not part_file(folder, group).exists()]
        total, left = (sum(len(group.fits) for group in some) for some in (groups, missing))
        done = total - left
        progress(done, total)
        work = partial(self._fit, images, device)
        on_cpu = device.type == "cpu"
        for group, inrs in in_processes(work, missing, on_cpu=on_cpu, doing="fitted INRs"):
            write_packed(part_file(folder, group), inrs, {})
            done += len(inrs)
            progress(done, total)
        return left

    def _fit(
        self, images: Mapping[Split, NumberedImages], device: torch.device, group: Group
    ) -> INRSet:
        some = images[group.split]
        rows, copies = (torch.tensor(column) for column in zip(*group.fits, strict=True))
        numbers, pixels = some.numbers[rows], some.pixels[rows]
        seeds = [
            seed_of(self.seed, group.split, number, copy)
            for number, copy in zip(numbers.tolist(), copies.tolist(), strict=True)
        ]
        start = {n: p.to(device) for n, p in initial_parameters(self.siren, seeds).items()}
        params = self.fitter.fit(self.siren, start, pixels.to(device).float() / 255)
        own = {name: p.cpu() for name, p in params.items()}
        return INRSet(own, some.labels[rows], numbers, copies, pixels)

    def _assemble(
        self,
        folder: Path,
        groups: list[Group],
        images: Mapping[Split, NumberedImages],
        dataset: Mapping[str, Any],
    ) -> None:
        """Write what readers want, the packed files last: they tell that a shard is finished."""
        metadata = {
            "dataset": str(dataset["name"]),
            "images": json.dumps(dataset, sort_keys=True),
            "siren": json.dumps(self.siren.settings()),
        }
        sets = {
            split: concatenate(
                [read_packed(part_file(folder, g), self.siren) for g in groups if g.split == split]
            )
            for split in SPLITS
        }
        if self.checkpoints:
            write_checkpoints(folder, sets, images, self.fits_per_image)
        for split, inrs in sets.items():
            write_packed(self._file(folder, split), inrs, metadata)

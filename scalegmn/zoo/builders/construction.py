"""Build a zoo from a plan, resumably."""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from errno import EDQUOT, ENOSPC
from os import strerror
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from filelock import FileLock

from scalegmn.allocator import keep_freed_memory
from scalegmn.formats import atomic_path
from scalegmn.formats.atomic import leftovers
from scalegmn.formats.layout import Layout
from scalegmn.zoo.builders.assembly import assemble
from scalegmn.zoo.builders.hyperparameters import Hyperparameters
from scalegmn.zoo.builders.images import ImageSplits
from scalegmn.zoo.builders.parts import Parts
from scalegmn.zoo.builders.training import StackedTraining
from scalegmn.zoo.builders.workers import Train, trained_groups
from scalegmn.zoo.folder import LAYOUT, METRICS, WEIGHTS
from scalegmn.zoo.record import NAME as RECORD
from scalegmn.zoo.record import ZooRecord, claim_folder

# Called with the number of networks that are finished, and of those that there will be.
Progress = Callable[[int, int], None]
# What one image of one network's batch needs in a step of training on a GPU, in bytes.
BYTES_PER_IMAGE = 100_000
CARD, LOCK = "README.md", ".lock"
FILES = (WEIGHTS, METRICS, LAYOUT, CARD, RECORD)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A zoo to be built.

    Args:
        folder: where it will be.
        recipe: everything that determines its content.
        layout: of its rows.
        hyper: of each network.
        columns: of the metrics, by network.
        steps: columns of the metrics, by checkpoint.
        checkpoints: epochs, ascending.
        batch_size: images per step.
        train: trains some of the networks.
        card: the text of the README, given the metrics and the record.
    """

    folder: Path
    recipe: Mapping[str, Any]
    layout: Layout
    hyper: Sequence[Hyperparameters]
    columns: Sequence[Mapping[str, Any]]
    steps: Sequence[Mapping[str, Any]]
    checkpoints: Sequence[int]
    batch_size: int
    train: Train
    card: Callable[[pd.DataFrame, ZooRecord], str]


def construct(
    plan: Plan, images: ImageSplits, *, at_once: int | None, progress: Progress
) -> ZooRecord:
    """Build the zoo, resuming a partial build; no-op if complete.

    Args:
        plan: of the zoo.
        images: to train and evaluate on, on the device that is to do it.
        at_once: networks that are trained together; ``None`` for what suits the device.
        progress: called with the numbers of finished networks and of all.

    Raises:
        ValueError: if the folder holds something else.
        OSError: naming the folder, if its disk is full; what is finished stays.
    """
    try:
        return _construct(plan, images, at_once, progress)
    except OSError as error:
        if error.errno not in (ENOSPC, EDQUOT):
            raise
        raise type(error)(error.errno, strerror(error.errno), str(plan.folder)) from error


def _construct(
    plan: Plan, images: ImageSplits, at_once: int | None, progress: Progress
) -> ZooRecord:
    parts = Parts(plan.folder / "parts")
    record = claim_folder(plan.folder, plan.recipe)
    if record.finished and not parts.folder.exists():
        return record
    lock = plan.folder / LOCK
    # Of several processes one builds; the others wait, and then see that it is there.
    with FileLock(lock):
        record = claim_folder(plan.folder, plan.recipe)
        if not record.finished:
            _train_missing(plan, parts, images, at_once, progress)
            record = _assembled(plan, parts, record.recipe, images.train.x.device)
            # Last, so that a process that is killed before does all of this again.
            record.write(plan.folder)
        for left in (x for name in FILES for x in leftovers(plan.folder / name)):
            left.unlink()
        parts.remove()
        lock.unlink(missing_ok=True)
    return record


def suitable(device: torch.device, batch_size: int) -> int:
    """Number of networks to train at once: one on a CPU, where more only leave the cache."""
    if device.type != "cuda":
        return 1
    # Not of what is free now: the next session must not group networks in another way.
    _, total = torch.cuda.mem_get_info(device)
    return max(1, int(0.5 * total / (batch_size * BYTES_PER_IMAGE)))


def _train_missing(
    plan: Plan, parts: Parts, images: ImageSplits, at_once: int | None, progress: Progress
) -> None:
    keep_freed_memory()
    training = StackedTraining(images, plan.layout, plan.batch_size, plan.checkpoints)
    together = at_once or suitable(images.train.x.device, plan.batch_size)
    done = parts.finished()
    progress(len(done), len(plan.hyper))
    groups = _groups(plan.hyper, done, together)
    start = time.perf_counter()
    for numbers, trained in trained_groups(plan.train, training, groups):
        start, before = time.perf_counter(), start
        parts.add(numbers, trained, start - before)
        done.update(numbers)
        progress(len(done), len(plan.hyper))


def _groups(hyper: Sequence[Hyperparameters], done: set[int], together: int) -> list[list[int]]:
    """Networks that can be trained together, those with the lowest numbers first.

    Finished networks do not change the groups, on which the last digits depend.
    """
    alike = defaultdict(list)
    for number, h in enumerate(hyper):
        alike[h.train_fraction, h.activation].append(number)
    groups = [g[i : i + together] for g in alike.values() for i in range(0, len(g), together)]
    missing = ([number for number in group if number not in done] for group in groups)
    return sorted(group for group in missing if group)


def _assembled(
    plan: Plan, parts: Parts, recipe: Mapping[str, Any], device: torch.device
) -> ZooRecord:
    table = assemble(parts, plan.folder, layout=plan.layout, columns=plan.columns, steps=plan.steps)
    networks = len(table) // len(plan.steps)
    seconds = round(sum(part.seconds for part in parts), 1)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    record = ZooRecord(recipe, networks, len(plan.hyper) - networks, seconds, name)
    with atomic_path(plan.folder / CARD) as temporary:
        temporary.write_text(plan.card(table, record))
    return record

"""What building a zoo of any kind has in common."""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from filelock import FileLock

from scalegmn.formats import atomic_path
from scalegmn.formats.atomic import leftovers
from scalegmn.formats.layout import Layout
from scalegmn.zoo.builders.allocator import keep_freed_memory
from scalegmn.zoo.builders.assembly import assemble
from scalegmn.zoo.builders.hyperparameters import Hyperparameters
from scalegmn.zoo.builders.images import ImageSplits
from scalegmn.zoo.builders.parts import Parts
from scalegmn.zoo.builders.record import NAME as RECORD
from scalegmn.zoo.builders.record import ZooRecord, begun
from scalegmn.zoo.builders.training import StackedTraining
from scalegmn.zoo.builders.workers import Train, trained_groups
from scalegmn.zoo.folder import LAYOUT, METRICS, WEIGHTS

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
        recipe: everything that decides what is in it.
        layout: of its rows.
        hyper: of each network.
        columns: what the metrics say of each network.
        steps: what they say of each checkpoint.
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
    """Build a zoo, or go on building it, or see that it is there.

    Args:
        plan: what to build.
        images: to train and evaluate on, on the device that is to do it.
        at_once: networks that are trained together; ``None`` for what suits the device.
        progress: is told how far it is.

    Raises:
        ValueError: if the folder holds something else.
    """
    parts = Parts(plan.folder / "parts")
    record = begun(plan.folder, plan.recipe)
    if record.finished and not parts.folder.exists():
        return record
    lock = plan.folder / LOCK
    # Of several processes one builds; the others wait, and then see that it is there.
    with FileLock(lock):
        record = begun(plan.folder, plan.recipe)
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
    """How many networks to train at once: one on a CPU, where more only leave the cache."""
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

    What is done does not change who trains with whom, on which the last digits depend.
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

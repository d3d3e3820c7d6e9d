"""Splits of INRs that are files of one network each."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from scalegmn.inr.checkpoints import Checkpoint
from scalegmn.inr.packed import SPLITS, Split

SPLIT_FILES = ("mnist_splits.json", "splits.json")
# The published data sets validate on 5,000 of 60,000 images, or of 55,000 + 5,000.
VAL_SHARE = 12


def split_file(folder: Path, name: str | None) -> Path | None:
    """The file of the split: the one that is named, else a known one in the folder.

    Raises:
        FileNotFoundError: if one is named that is not there.
    """
    if name is not None:
        file = folder / Path(name).expanduser()
        if not file.is_file():
            raise FileNotFoundError(f"data.split_file={name}: no such file in {folder}")
        return file
    return next((folder / known for known in SPLIT_FILES if (folder / known).is_file()), None)


def split_by_file(file: Path, checkpoints: Sequence[Checkpoint]) -> dict[Split, list[Checkpoint]]:
    """The split that a file lists by paths, of which the part from the data set's folder on counts.

    Raises:
        ValueError: if it is damaged, names an INR that is not there or one twice, or gives one
            another label than its folder.
    """
    try:
        content: Any = json.loads(file.read_text(encoding="utf-8-sig"))
        listed = {split: _paths(content[split]) for split in SPLITS}
        labels = {split: _labels(content[split], len(listed[split])) for split in SPLITS}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(
            f"{file}: damaged ({error!r}); expected JSON with lists of paths for "
            f"{', '.join(SPLITS)}; delete it to split by data.split_seed"
        ) from error
    by_name = {_name(c.path.as_posix()): c for c in checkpoints}
    remedy = "get the data set again, or delete this file to split what is there by data.split_seed"
    first: dict[str, Split] = {}
    for split in SPLITS:
        for path, label in zip(listed[split], labels[split], strict=True):
            has, name = f"{file}: its {split} split has {path}", _name(path)
            if name not in by_name:
                raise ValueError(f"{has}, which is not in {file.parent}: {remedy}")
            if name in first:
                raise ValueError(f"{has}, which its {first[name]} split has, too: {remedy}")
            first[name] = split
            known = by_name[name].label
            if None not in (label, known) and label != known:
                raise ValueError(f"{has} with label {label}, whose folder says {known}: {remedy}")
    return {split: [by_name[_name(path)] for path in listed[split]] for split in SPLITS}


def split_by_seed(checkpoints: Sequence[Checkpoint], seed: int) -> dict[Split, list[Checkpoint]]:
    """Test images apart, and every twelfth training image, chosen by the seed, to validate.

    All fits of an image are in one split.

    Raises:
        ValueError: if a split is empty.
    """
    images = sorted({c.image for c in checkpoints if c.part == "train"})
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed)).tolist()
    held_out = {images[i] for i in order[: -(-len(images) // VAL_SHARE)]}
    found: dict[Split, list[Checkpoint]] = {split: [] for split in SPLITS}
    for c in checkpoints:
        training: Split = "val" if c.image in held_out else "train"
        found[training if c.part == "train" else "test"].append(c)
    for split, some in found.items():
        if not some:
            raise ValueError(f"{len(checkpoints)} INRs leave none for the {split} split")
    return found


def split_json(split: Mapping[Split, Sequence[tuple[str, int]]]) -> str:
    """The text of ``mnist_splits.json``: for each split paths and labels, both as text."""
    content = {
        name: {"path": [path for path, _ in rows], "label": [str(label) for _, label in rows]}
        for name, rows in split.items()
    }
    return json.dumps(content) + "\n"


def _paths(listed: Any) -> list[str]:
    paths = listed["path"] if isinstance(listed, dict) else listed
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        raise TypeError("expected a list of paths")
    return paths


def _labels(listed: Any, count: int) -> list[int | None]:
    if not isinstance(listed, dict) or "label" not in listed:
        return [None] * count
    labels = [int(label) for label in listed["label"]]
    if len(labels) != count:
        raise ValueError(f"{count} paths and {len(labels)} labels")
    return [*labels]


def _name(path: str) -> str:
    """The folders and the file that tell INRs apart; what is before them differs by machine."""
    parts = re.split(r"[\\/]", path)
    return "/".join(parts[-3:] if "checkpoints" in parts[-2:-1] else parts[-2:])

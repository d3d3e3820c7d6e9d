"""Pack published INRs, a file each, into one file per split."""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from jaxtyping import UInt8
from torch import Tensor

from datamodules.locking import locked
from datamodules.mnist_files import has_files, read_part
from scalegmn.formats import read_metadata
from scalegmn.inr.checkpoints import Checkpoint, find_checkpoints, read_checkpoints
from scalegmn.inr.inr_set import INRSet
from scalegmn.inr.packed import SPLITS, Split, packed_file, write_packed
from scalegmn.inr.public_splits import split_by_file, split_by_seed, split_file
from scalegmn.targets import Siren

log = logging.getLogger(__name__)

CACHE = "packed"


def packed_copy(
    folder: Path, siren: Siren, *, split_name: str | None, split_seed: int, images: Path | None
) -> Path:
    """The folder of packed files made of the checkpoints in a folder, made now if need be.

    They are made again when files are added, removed or changed, or split in another way. Of
    several processes one makes them; the others wait.

    Args:
        folder: in one of the published layouts.
        siren: the architecture of the INRs.
        split_name: file of the split in the folder; ``None`` for a known one, else by seed.
        split_seed: of the split without a file.
        images: folder of the idx files that the INRs represent, for layouts that number images as
            these files do; ``None``, or a folder without them, for INRs alone.

    Raises:
        FileNotFoundError: if the folder has no INRs, or not the split file that is asked for.
        ValueError: in one line, if a file is damaged or does not fit the others.
    """
    checkpoints, layout = find_checkpoints(folder)
    file = split_file(folder, split_name)
    splits = split_by_file(file, checkpoints) if file else split_by_seed(checkpoints, split_seed)
    with_pixels = layout.numbered and images is not None and has_files(images)
    source = _hash(folder, splits, siren, images if with_pixels else None)
    target = folder / CACHE
    with locked(target):
        if any(_source(packed_file(target, split)) != source for split in SPLITS):
            log.info("%s: packing %d INRs, once", folder, sum(map(len, splits.values())))
            for split in SPLITS:
                inrs = read_checkpoints(splits[split], siren)
                if with_pixels and images is not None:
                    pixels = _pixels(images, splits[split], inrs)
                    inrs = replace(inrs, pixels=pixels)
                write_packed(packed_file(target, split), inrs, {"source": source})
    return target


def _hash(
    folder: Path, splits: dict[Split, list[Checkpoint]], siren: Siren, images: Path | None
) -> str:
    """Identifies the files and how they are split."""
    listed: dict[str, object] = {
        split: [(c.path.relative_to(folder).as_posix(), *_version(c.path)) for c in some]
        for split, some in splits.items()
    }
    listed |= {"siren": siren.settings(), "images": None if images is None else str(images)}
    return hashlib.sha256(json.dumps(listed).encode()).hexdigest()


def _version(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def _source(file: Path) -> str | None:
    if not file.exists():
        return None
    try:
        return read_metadata(file).get("source")
    except ValueError:  # damaged: it is made again
        return None


def _pixels(
    folder: Path, checkpoints: Sequence[Checkpoint], inrs: INRSet
) -> UInt8[Tensor, "inr c h w"]:
    """The images by their numbers.

    Raises:
        ValueError: if the files have other images.
    """
    parts = {part: read_part(folder, part) for part in {c.part for c in checkpoints}}
    found = []
    for c, label in zip(checkpoints, inrs.label.tolist(), strict=True):
        images = parts[c.part]
        known = int(images.labels[c.image]) if c.image < len(images) else None
        if known != label:
            raise ValueError(
                f"{folder}: {c.part} image {c.image} has "
                f"{'no place there' if known is None else f'label {known}'}, and {c.path} has "
                f"label {label}: set data.images to the images that the INRs represent, or to null"
            )
        found.append(images.pixels[c.image])
    return torch.stack(found)

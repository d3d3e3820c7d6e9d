"""INRs packed into one safetensors file per split, or one per split and shard."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import load_file
from torch import Tensor

from scalegmn.formats import read_metadata, save_network
from scalegmn.formats.paths import existing_file
from scalegmn.formats.validation import validate
from scalegmn.inr.inr_set import INRSet, concatenate
from scalegmn.targets import Siren

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")
# The index: which image each row represents. Names of parameters have dots.
INDEX = ("label", "image", "copy")
PIXELS = "pixels"
NAME = re.compile(r"_(\d+)_of_(\d+)\.safetensors")


def packed_file(folder: Path, split: Split, shard: int = 0, shards: int = 1) -> Path:
    """The file of a shard of a split."""
    return folder / f"{split}_{shard}_of_{shards}.safetensors"


def write_packed(path: Path, inrs: INRSet, metadata: Mapping[str, str]) -> None:
    """Write INRs whole or not at all; equal sets give equal bytes."""
    index = {"label": inrs.label, "image": inrs.image, "copy": inrs.copy}
    pixels = {} if inrs.pixels is None else {PIXELS: inrs.pixels}
    save_network(path, {**inrs.parameters, **index, **pixels}, metadata)


def read_packed(path: Path, siren: Siren) -> INRSet:
    """Read one file.

    Args:
        path: that :func:`write_packed` wrote.
        siren: the architecture that is expected.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: in one line, if it is damaged, holds other INRs, or numbers that are not finite.
    """
    path = existing_file(path, "packed INRs")
    try:
        tensors = load_file(path)
    except Exception as error:
        raise ValueError(f"{path}: truncated, or not a safetensors file; make it again") from error
    missing = [name for name in INDEX if name not in tensors]
    if missing:
        raise ValueError(f"{path}: holds no {missing[0]}s, so it is no file of packed INRs")
    index, pixels = {name: tensors.pop(name) for name in INDEX}, tensors.pop(PIXELS, None)
    rows = index["label"].shape
    for name, tensor in (*index.items(), *([] if pixels is None else [(PIXELS, pixels)])):
        kind, axes = (torch.uint8, 4) if name == PIXELS else (torch.int64, 1)
        if tensor.dtype != kind or tensor.ndim != axes or tensor.shape[:1] != rows:
            raise ValueError(
                f"{path}: {name} is {tensor.dtype} of shape {list(tensor.shape)}, expected {kind} "
                f"with {axes} axes, the first of them {rows.numel()}"
            )
    parameters = validate(path, tensors, _like(siren, rows.numel()))
    return INRSet(parameters, **index, pixels=pixels)


def is_packed(folder: Path) -> bool:
    """Whether a folder has packed files of all splits, complete or not."""
    return all(any(folder.glob(f"{split}_*_of_*.safetensors")) for split in SPLITS)


def read_split(folder: Path, split: Split, siren: Siren) -> INRSet:
    """All shards of a split, in the order of images and their fits.

    Raises:
        FileNotFoundError: if a shard is missing.
        ValueError: see :func:`read_packed`; or if a fit is there twice.
    """
    inrs = concatenate([read_packed(file, siren) for file in shard_files(folder, split)])
    # First by image, then by copy.
    order = inrs.copy.argsort(stable=True)
    order = order[inrs.image[order].argsort(stable=True)]
    inrs = inrs[order]
    again = (inrs.image[1:] == inrs.image[:-1]) & (inrs.copy[1:] == inrs.copy[:-1])
    if again.any():
        image = int(inrs.image[1:][again][0])
        raise ValueError(f"{folder}: the {split} split has an INR of image {image} twice")
    return inrs


def shard_files(folder: Path, split: Split) -> list[Path]:
    """The files of a split.

    Raises:
        FileNotFoundError: if one is missing.
    """
    found = {
        (int(name[1]), int(name[2]))
        for file in folder.glob(f"{split}_*.safetensors")
        if (name := NAME.fullmatch(file.name.removeprefix(split)))
    }
    if not found:
        raise FileNotFoundError(f"{folder}: no packed INRs of the {split} split")
    shards = max(count for _, count in found)
    files = [packed_file(folder, split, shard, shards) for shard in range(shards)]
    if missing := [file for file in files if not file.exists()]:
        raise FileNotFoundError(
            f"{missing[0]} is missing, one of {shards} shards: finish "
            f"`python train.py experiment=fit_inrs shard={files.index(missing[0])} shards={shards}`"
        )
    return files


def metadata_of(folder: Path, split: Split) -> dict[str, str]:
    """The metadata of the first file of a split."""
    return read_metadata(shard_files(folder, split)[0])


def _like(siren: Siren, count: int) -> dict[str, Tensor]:
    """Tensors of the expected shapes, without values."""
    return {
        name: torch.empty(count, *p.shape, device="meta") for name, p in siren.named_parameters()
    }

"""Read the files in which MNIST and Fashion-MNIST are published (idx)."""

import gzip
import math
import zlib
from pathlib import Path

import torch
from torch import Tensor

from datamodules.splits import Images

AGAIN = "copy it again from the official files"
PARTS = {"train": "train", "test": "t10k"}
# The third byte of an idx file tells the type of its numbers: unsigned bytes.
BYTES = 8


def file_names(part: str) -> tuple[str, str]:
    """The names of the images and the labels of a part, ``train`` or ``test``."""
    return f"{PARTS[part]}-images-idx3-ubyte", f"{PARTS[part]}-labels-idx1-ubyte"


def has_files(folder: Path) -> bool:
    """Whether a folder has all four files, compressed or not."""
    return all(_find(folder, name) for part in PARTS for name in file_names(part))


def read_part(folder: Path, part: str) -> Images:
    """The images and labels of a part, ``train`` or ``test``.

    Raises:
        FileNotFoundError: if one of the two files is missing.
        ValueError: if one of them is damaged, or they do not fit.
    """
    images, labels = (_existing(folder, name) for name in file_names(part))
    pixels, classes = read_idx(images, 3), read_idx(labels, 1)
    if len(pixels) != len(classes):
        raise ValueError(f"{images} has {len(pixels)} images, and {labels.name} {len(classes)}")
    if len(classes) and int(classes.max()) > 9:
        raise ValueError(f"{labels} has labels outside 0 to 9; {AGAIN}")
    return Images(pixels.unsqueeze(1), classes.long())


def read_idx(file: Path, axes: int) -> Tensor:
    """The bytes of one idx file, compressed by gzip or not.

    A file is two zeros, the type of its numbers, the number of axes, the length of each axis in 4
    bytes, and the numbers.

    Raises:
        ValueError: if it is damaged, or holds something else.
    """
    try:
        raw = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{file} is damaged ({error}); {AGAIN}") from error
    start = 4 + 4 * axes
    if len(raw) < start or raw[:4] != bytes([0, 0, BYTES, axes]):
        raise ValueError(f"{file} is no idx file of bytes along {axes} axes; {AGAIN}")
    shape = [int.from_bytes(raw[i : i + 4], "big") for i in range(4, start, 4)]
    if len(raw) - start != math.prod(shape):
        raise ValueError(
            f"{file} is truncated: it has {len(raw) - start} bytes for a shape of {shape}; {AGAIN}"
        )
    return torch.frombuffer(bytearray(raw), dtype=torch.uint8)[start:].view(shape)


def _find(folder: Path, name: str) -> Path | None:
    return next((f for f in (folder / name, folder / f"{name}.gz") if f.is_file()), None)


def _existing(folder: Path, name: str) -> Path:
    file = _find(folder, name)
    if file is None:
        raise FileNotFoundError(f"{folder / name} is missing; {AGAIN}")
    return file

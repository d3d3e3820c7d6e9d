"""Read and write networks as safetensors files with metadata."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import load_file, save
from torch import Tensor

from scalegmn.formats.atomic import atomic_path
from scalegmn.formats.names import States

SUFFIX = ".safetensors"


def save_network(
    path: str | os.PathLike[str], state: Mapping[str, Tensor], metadata: Mapping[str, str]
) -> None:
    """Write a network's state and its description; equal networks give equal bytes.

    Args:
        path: ends in ``.safetensors``.
        state: tensors by name, on any device.
        metadata: such as target, sparsity, dataset, experiment.

    Raises:
        ValueError: the path has another suffix, or metadata are not strings.
    """
    if Path(path).suffix != SUFFIX:
        raise ValueError(f"{path}: networks are written as {SUFFIX} files")
    for key, value in metadata.items():
        if not (isinstance(key, str) and isinstance(value, str)):
            raise ValueError(f"{path}: metadata must be strings, got {key!r}: {value!r}")
    # Copies: the format refuses tensors that share memory or are strided.
    tensors = {name: t.detach().cpu().contiguous().clone() for name, t in state.items()}
    with atomic_path(path) as temporary:
        # The format's own writer makes files that only their owner can read.
        temporary.write_bytes(_sorted_metadata(save(tensors, metadata=dict(metadata))))


def read_safetensors_metadata(path: Path) -> dict[str, str]:
    """The description that a file was written with.

    Raises:
        ValueError: it is not a whole safetensors file.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = dict(file.metadata() or {})
    except Exception as error:
        raise ValueError(_damaged(path)) from error
    return metadata


def read_safetensors(path: Path, expected: Mapping[str, Tensor]) -> States:
    """Read all tensors of a file.

    Raises:
        ValueError: it is not a whole safetensors file.
    """
    try:
        return [("", load_file(path))]
    except Exception as error:
        raise ValueError(_damaged(path)) from error


def _sorted_metadata(content: bytes) -> bytes:
    """The file with its metadata in order, where the format's writer has them in a random one.

    A file is the header's length in 8 bytes, the header as JSON, padded by spaces to a multiple of
    8 bytes, and the tensors.
    """
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    if "__metadata__" in header:
        header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[8 + length :]


def _damaged(path: Path) -> str:
    return f"{path}: truncated, or not a safetensors file; write it again"

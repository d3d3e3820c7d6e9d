"""Networks as safetensors files with metadata."""

import os
from collections.abc import Mapping
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import load_file, save
from torch import Tensor

from scalegmn.formats.atomic import atomic_path

SUFFIX = ".safetensors"


def save_network(
    path: str | os.PathLike[str], state: Mapping[str, Tensor], metadata: Mapping[str, str]
) -> None:
    """Write a network's state and what it is, whole or not at all.

    Args:
        path: ends in ``.safetensors``.
        state: tensors by name, on any device.
        metadata: such as target, sparsity, dataset, experiment.

    Raises:
        ValueError: if the path has another suffix.
    """
    if Path(path).suffix != SUFFIX:
        raise ValueError(f"{path}: networks are written as {SUFFIX} files")
    # Copies: the format refuses tensors that share memory or are strided.
    tensors = {name: t.detach().cpu().contiguous().clone() for name, t in state.items()}
    with atomic_path(path) as temporary:
        # The format's own writer makes files that only their owner can read.
        temporary.write_bytes(save(tensors, metadata=dict(metadata)))


def read_metadata(path: str | os.PathLike[str]) -> dict[str, str]:
    """What a network's file says about it; empty for formats that say nothing.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not a whole safetensors file.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    if path.suffix != SUFFIX:
        return {}
    try:
        with safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {})
    except Exception as error:
        raise ValueError(_damaged(path)) from error


def read_safetensors(path: Path, expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Read all tensors of a file."""
    try:
        return load_file(path)
    except Exception as error:
        raise ValueError(_damaged(path)) from error


def _damaged(path: Path) -> str:
    return f"{path}: truncated, or not a safetensors file; write it again"

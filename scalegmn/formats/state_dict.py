"""Read files that ``torch.save`` wrote."""

import argparse
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PosixPath
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.serialization import safe_globals

from scalegmn.formats.names import States

# How deep a checkpoint may nest its state dict.
DEPTH = 3
NUMBERS = ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")


def read_state_dict(path: Path, expected: Mapping[str, Tensor]) -> States:
    """Read the state dicts in a file: a bare one, or those that a checkpoint holds by any key.

    Only tensors, plain values and numbers are unpickled, so the file cannot run code.

    Raises:
        ValueError: the file is damaged, or holds other objects, or no tensors.
    """
    content = load_plain(path)
    if not isinstance(content, Mapping):
        raise ValueError(f"{path}: expected a state dict, got {type(content).__name__}")
    states = list(_states("", content, DEPTH))
    if not states:
        keys = ", ".join(map(str, content)) or "none"
        raise ValueError(f"{path}: expected a state dict, found no tensors (keys: {keys})")
    return states


def load_plain(path: Path) -> Any:
    """The content of a file of tensors, numbers and containers; nothing else is unpickled.

    Raises:
        ValueError: the file is damaged, or holds other objects.
    """
    try:
        with safe_globals(_harmless()):
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        unknown = re.search(r"GLOBAL ([\w.]+)", str(error))
        named = f" ({unknown[1]})" if unknown else ""
        raise ValueError(
            f"{path}: truncated, or it holds other objects than tensors{named}; "
            "write torch.save(module.state_dict(), path)"
        ) from error


def _states(key: str, content: Mapping, depth: int) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """The tensors directly in a mapping, and those in the mappings that it holds."""
    tensors = {k: v for k, v in content.items() if isinstance(k, str) and isinstance(v, Tensor)}
    if tensors:
        yield key, tensors
    for inner, value in content.items():
        if isinstance(value, Mapping) and depth:
            yield from _states(f"{key}.{inner}" if key else str(inner), value, depth - 1)


def _harmless() -> list[Any]:
    """Types of values that checkpoints have beside tensors, and that only hold values."""
    scalar: Any = np.float64(0).__reduce__()[0]
    array: Any = np.zeros(1).__reduce__()[0]
    functions = [
        (function, f"numpy.{core}.multiarray.{function.__name__}")
        for function in (scalar, array)
        for core in ("core", "_core")  # before and since NumPy 2
    ]
    numbers = [type(np.dtype(name)) for name in NUMBERS]
    return [*functions, *numbers, np.dtype, np.ndarray, argparse.Namespace, PosixPath]

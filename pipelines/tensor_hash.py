"""Hash networks by their tensors, whatever file holds them."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

# Under which of their entries checkpoints keep a network.
STATES = ("state_dict", "model_state_dict", "model", "net")


def tensor_hash(state: Mapping[str, Tensor]) -> str:
    """16 hexadecimal digits that depend on names, dtypes, shapes and values, in no order.

    Args:
        state: tensors by name, on any device.
    """
    digest = hashlib.sha256()
    for name in sorted(state):
        tensor = state[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:16]


def file_hash(path: str | os.PathLike[str]) -> str:
    """The same for the tensors in a file; of a file without any, for its bytes.

    Metadata, formats and the order of tensors do not count, and neither does what a checkpoint
    holds besides the network.

    Raises:
        OSError: if it cannot be read.
    """
    path = Path(path)
    try:
        return tensor_hash(_tensors(path))
    except Exception:  # Whoever loads the network says what is wrong with its file.
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _tensors(path: Path) -> dict[str, Tensor]:
    if path.suffix == ".safetensors":
        return load_file(path)
    if path.suffix == ".npy":
        return {"row": torch.from_numpy(np.load(path, allow_pickle=False))}
    content: Any = torch.load(path, map_location="cpu", weights_only=True)
    inner = next((content[key] for key in STATES if isinstance(content.get(key), Mapping)), content)
    return {str(name): value for name, value in inner.items() if isinstance(value, Tensor)}

"""Files that ``torch.save`` wrote."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

NESTED_UNDER = ("state_dict", "model_state_dict")


def read_state_dict(path: Path, expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Read a state dict, or a checkpoint that holds one among other values.

    Only plain tensors are unpickled, so files from strangers cannot run code.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ValueError(
            f"{path}: truncated, or it holds other objects than tensors; "
            "write torch.save(module.state_dict(), path)"
        ) from error
    if not isinstance(content, Mapping):
        raise ValueError(f"{path}: expected a state dict, got {type(content).__name__}")
    nested = (content[key] for key in NESTED_UNDER if isinstance(content.get(key), Mapping))
    state = next(nested, content)
    return {name: value for name, value in state.items() if isinstance(value, Tensor)}

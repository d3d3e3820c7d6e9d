"""Identify networks of users by their code, which files of weights do not hold.

Quick to import, as configs ask before PyTorch is loaded.
"""

import hashlib
import inspect
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


def code_digest(factory: str | None) -> str | None:
    """12 hexadecimal digits of the file with the function that makes a network.

    Args:
        factory: ``module:function`` or ``path/file.py:function``.

    Returns:
        ``None`` without a factory, or where its file is not found, which is said later.
    """
    name = (factory or "").partition(":")[0]
    file = Path(name).expanduser() if name.endswith(".py") else _file_of(name)
    return _digest(file.read_bytes()) if file is not None and file.is_file() else None


def network_digest(net: "nn.Module") -> str:
    """12 hexadecimal digits of what a network is made of, and of the code of its own classes."""
    parts = [repr(net)]
    for cls in sorted({type(module) for module in net.modules()}, key=lambda cls: cls.__qualname__):
        if not cls.__module__.startswith("torch."):
            try:
                parts.append(inspect.getsource(cls))
            except (OSError, TypeError):  # made where there is no file
                parts.append(f"{cls.__module__}.{cls.__qualname__}")
    return _digest("\n".join(parts).encode())


def _file_of(module: str) -> Path | None:
    try:
        spec = find_spec(module) if module else None
    except (ImportError, ValueError):
        return None
    return Path(spec.origin) if spec is not None and spec.origin else None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]

"""JSON files that are whole, the same for the same values, and readable by every reader."""

import json
import os
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any

from scalegmn.formats.atomic import atomic_path


def write_json(path: str | os.PathLike[str], values: Mapping[str, Any]) -> None:
    """Write plain values with sorted keys, whole or not at all.

    Raises:
        ValueError: naming the first value that is NaN or infinite, which JSON cannot hold.
    """
    if wrong := _not_finite(values, ""):
        raise ValueError(f"{path}: {wrong}, which JSON cannot hold")
    with atomic_path(path) as temporary:
        text = json.dumps(values, indent=2, sort_keys=True, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")


def read_json(path: str | os.PathLike[str], *, remedy: str) -> dict[str, Any]:
    """Read an object from a JSON file.

    Args:
        path: the file.
        remedy: what to do if it is damaged, for the message.

    Raises:
        ValueError: naming the file and the remedy, if it does not hold a JSON object.
        FileNotFoundError: if there is no such file.
    """
    try:
        values = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}; {remedy}") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path} is damaged: no JSON object; {remedy}")
    return values


def _not_finite(value: Any, where: str) -> str | None:
    if isinstance(value, float):
        return None if isfinite(value) else f"{where} is {value}"
    if isinstance(value, Mapping):
        entries = [(f"{where}.{key}".lstrip("."), v) for key, v in value.items()]
    elif isinstance(value, list | tuple):
        entries = [(f"{where}[{i}]", v) for i, v in enumerate(value)]
    else:
        return None
    return next((wrong for key, v in entries if (wrong := _not_finite(v, key))), None)

"""Build dataclasses from decoded JSON."""

from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from beartype.door import is_bearable

T = TypeVar("T")
# Of numbers; more is a damaged file.
LARGEST = 2**63


def parse(cls: type[T], value: object) -> T:
    """Build a dataclass from decoded JSON, and the dataclasses inside it.

    Unknown keys are ignored.

    Raises:
        ValueError: if a key is missing or has another type, or a value that is no text or number to
            work with; names the key.
    """
    if not isinstance(value, dict):
        raise ValueError(f"expected an object with keys, got {_short(value)}")
    arguments = {}
    hints = _hints(cls)  # type: ignore[arg-type]
    for field in fields(cls):  # type: ignore[arg-type]
        if field.name in value:
            arguments[field.name] = _parse_entry(hints[field.name], value[field.name], field.name)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f"key {field.name!r} is missing")
    return cls(**arguments)


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def _parse_entry(hint: Any, value: object, key: str) -> Any:
    inner = next((arg for arg in get_args(hint) if is_dataclass(arg)), None)
    if inner is not None and get_origin(hint) is tuple and isinstance(value, list):
        return tuple(_parse_inner(inner, entry, f"{key}[{i}]") for i, entry in enumerate(value))
    if inner is not None and isinstance(value, dict):
        return _parse_inner(inner, value, key)
    # True is an integer for Python.
    is_truth = isinstance(value, bool) and bool not in (hint, *get_args(hint))
    if is_truth or not _is_usable(value):
        raise ValueError(f"key {key!r} cannot be {_short(value)}")
    if is_bearable(value, hint):
        return value
    if isinstance(value, int) and is_bearable(float(value), hint):
        return float(value)  # JSON does not tell 1.0 from 1
    raise ValueError(f"key {key!r} cannot be {_short(value)}")


def _is_usable(value: object) -> bool:
    """Whether numbers are finite and not too large, and text can be written, at every depth."""
    if isinstance(value, dict):
        return all(_is_usable(part) for part in (*value, *value.values()))
    if isinstance(value, list):
        return all(map(_is_usable, value))
    if isinstance(value, str):
        return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)
    return not isinstance(value, int | float) or abs(value) < LARGEST


def _parse_inner(cls: Any, value: object, key: str) -> Any:
    try:
        return parse(cls, value)
    except ValueError as error:
        raise ValueError(f"in {key!r}: {error}") from error


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."

"""Whether the values of a config have the types that they should have."""

from typing import Any, get_type_hints

from beartype.door import is_bearable
from hydra.utils import get_object
from omegaconf import DictConfig, ListConfig, OmegaConf


def check_types(node: DictConfig | ListConfig, path: str = "") -> None:
    """Compare the values of a config with the signatures of what it configures.

    Raises:
        ValueError: naming the first key whose value has another type.
    """
    hints = _hints(node.get("_target_")) if isinstance(node, DictConfig) else {}
    keys: list[Any] = list(node) if isinstance(node, DictConfig) else list(range(len(node)))
    for key in keys:
        if OmegaConf.is_missing(node, key):
            raise ValueError(f"{path}.{key} is not set".removeprefix("."))
        value = node[key]
        if isinstance(value, DictConfig | ListConfig):
            check_types(value, f"{path}.{key}".removeprefix("."))
        if key in hints and not _fits(value, hints[key]):
            raise ValueError(f"{_owner(node, key, path)}={value!r}: expected {_short(hints[key])}")


def _hints(target: str | None) -> dict[str, Any]:
    if target is None:
        return {}
    configured: Any = get_object(target)
    try:
        init = configured.__init__ if isinstance(configured, type) else configured  # type: ignore[misc]
        return get_type_hints(init)
    except NameError:  # Annotated with names that only a type checker imports.
        return {}


def _fits(value: Any, hint: Any) -> bool:
    """Whether a plain value, or a list of plain values, is of a type; objects are not judged."""
    if isinstance(value, ListConfig):
        value = list(value)
    if isinstance(value, DictConfig) or _holds_configs(value):
        return True
    candidates = [value, _as_float(value)]
    candidates += [tuple(c) for c in candidates if isinstance(c, list)]
    return any(is_bearable(candidate, hint) for candidate in candidates)


def _holds_configs(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(v, DictConfig | ListConfig) for v in value)


def _as_float(value: Any) -> Any:
    """Whole numbers are given where fractions are meant."""
    if isinstance(value, list):
        return [_as_float(v) for v in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _owner(node: DictConfig | ListConfig, key: Any, path: str) -> str:
    """The key that a user gave: of a value that is read from elsewhere, the key there."""
    raw = OmegaConf.to_container(node, resolve=False)[key]  # type: ignore[index, call-overload]
    if isinstance(raw, str) and raw.startswith("${") and ":" not in raw:
        return raw.strip("${}")
    return f"{path}.{key}".removeprefix(".")


def _short(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) else str(hint).replace("typing.", "")

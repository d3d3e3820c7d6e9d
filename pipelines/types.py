"""Whether the values of a config have the types that they should have."""

from functools import cache
from typing import Any, get_origin, get_type_hints

from beartype.door import is_bearable
from hydra.utils import get_object
from omegaconf import DictConfig, ListConfig, OmegaConf


def check_types(cfg: DictConfig, path: str = "") -> None:
    """Compare the values of a config with the signatures of what it configures.

    Raises:
        ValueError: naming the first key that is not set, or whose value has another type.
    """
    hints = _hints(cfg.get("_target_"))
    raw = OmegaConf.to_container(cfg, resolve=False)
    assert isinstance(raw, dict)
    for name, written in raw.items():
        key = str(name)
        here = f"{path}.{key}".removeprefix(".")
        if written == "???":
            raise ValueError(f"{here} is not set")
        reads = isinstance(written, str) and written.startswith("${") and ":" not in written
        value = cfg[key]
        if isinstance(value, DictConfig):
            # What is read from elsewhere is checked there.
            if not reads:
                check_types(value, here)
        elif key in hints and not _fits(value, hints[key]):
            # The key that was given is the one that is read.
            given = written.strip("${}") if reads else here
            raise ValueError(f"{given}={_shown(value)!r}: expected {_short(hints[key])}")


@cache
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
    """Whether a plain value, or a list of plain values, is of a type."""
    if isinstance(value, ListConfig):
        entries = list(value)
        if any(isinstance(entry, DictConfig) for entry in entries):
            return True
        if get_origin(hint) is tuple:
            return is_bearable(tuple(entries), hint)
        # One by one: of a long list, only some entry would be looked at.
        return all(is_bearable([e], hint) or is_bearable([_as_float(e)], hint) for e in entries)
    return is_bearable(value, hint) or is_bearable(_as_float(value), hint)


def _as_float(value: Any) -> Any:
    """Whole numbers are given where fractions are meant."""
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _shown(value: Any) -> Any:
    return list(value) if isinstance(value, ListConfig) else value


def _short(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) else str(hint).replace("typing.", "")

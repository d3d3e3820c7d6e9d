"""Check a config against the signatures of what it configures."""

import logging
import re
from functools import cache
from inspect import signature
from pathlib import Path
from typing import Any, get_origin, get_type_hints

from beartype.door import is_bearable
from beartype.roar import BeartypeDecorHintPep3119Exception
from hydra.utils import get_object
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import InterpolationKeyError

from pipelines.file_check import check_files
from pipelines.number_check import check_numbers
from pipelines.override_check import check_overrides, nearest

# Of data; what reads them does without a constructor that takes them.
FACTS = ("name", "in_channels", "num_classes", "image_size")
CONF = Path(__file__).parents[1] / "conf"
OF_HYDRA = ("_target_", "_partial_", "_convert_", "_recursive_", "_args_")


def check_config(cfg: DictConfig) -> None:
    """Check the values of a whole config, and the keys that the command line added or removed.

    Raises:
        ValueError: naming the first key that is wrong, and what to give instead.
        OSError: if a file that is to be read cannot be read.
    """
    check_overrides(cfg)
    check_types(cfg)
    check_numbers(cfg)
    check_files(cfg)


def check_types(cfg: DictConfig, path: str = "") -> None:
    """Compare the keys and values of a config with the signatures of what it configures.

    Raises:
        ValueError: naming the first key that is not set, that the object does not take, or whose
            value has another type.
    """
    target = cfg.get("_target_")
    hints = _hints(target, path)
    _check_keys(cfg, path)
    raw = OmegaConf.to_container(cfg, resolve=False)
    assert isinstance(raw, dict)
    for name, written in raw.items():
        key = str(name)
        here = f"{path}.{key}".removeprefix(".")
        if written == "???":
            raise ValueError(f"{here} is not set")
        reads = isinstance(written, str) and written.startswith("${") and ":" not in written
        value = _value(cfg, key, here, written)
        if isinstance(value, DictConfig):
            # What is read from elsewhere is checked there.
            if not reads:
                check_types(value, here)
        elif key in hints and not _fits(value, hints[key]):
            # The key that was given is the one that is read.
            given = written.strip("${}") if reads else here
            raise ValueError(f"{given}={_shown(value)!r}: expected {_short(hints[key])}")


def _value(cfg: DictConfig, key: str, here: str, written: Any) -> Any:
    try:
        return cfg[key]
    except InterpolationKeyError as error:
        raise ValueError(_unset(cfg._get_root(), here, written)) from error


def _unset(root: Any, here: str, written: str) -> str:
    """What to give, where a value is read from what is not there, or what that reads is not."""
    if not re.fullmatch(r"\$\{[\w.]+\}", written):
        return f"{here} reads {written}, of which something is not set"
    key = written.strip("${}")
    parent, _, name = key.rpartition(".")
    node = OmegaConf.select(root, parent) if parent else root
    if isinstance(node, DictConfig) and name in node:
        raw: Any = OmegaConf.to_container(node, resolve=False)
        return _unset(root, here, str(raw[name]))
    group = key.partition(".")[0]
    give = f"choose {group}=" if group not in root and (CONF / group).is_dir() else f"give {key}="
    return f"{here} reads {written}, which is not set: {give}"


def _check_keys(cfg: DictConfig, path: str) -> None:
    """Whether an object takes all keys of its config."""
    target = cfg.get("_target_")
    known = _parameters(target, path) if target is not None else None
    if known is None:
        return
    for key in map(str, cfg):
        if key not in known and key not in OF_HYDRA and not (path == "data" and key in FACTS):
            here = f"{path}.{key}".removeprefix(".")
            raise ValueError(f"{here}: {target} takes no {key}{nearest(key, known)}")


@cache
def _parameters(target: str, path: str) -> tuple[str, ...] | None:
    """Names of what an object takes; ``None`` if that is everything, or unknown."""
    try:
        parameters = signature(_located(target, path)).parameters
    except (ValueError, TypeError):
        return None
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return None
    return tuple(parameters)


@cache
def _hints(target: str | None, path: str) -> dict[str, Any]:
    if target is None:
        return {}
    configured = _located(target, path)
    try:
        init = configured.__init__ if isinstance(configured, type) else configured  # type: ignore[misc]
        return get_type_hints(init)
    except (NameError, TypeError):  # Annotated with names that only a type checker imports.
        return {}


def _located(target: str, path: str) -> Any:
    # Hydra logs what is raised, too, on several lines.
    logger = logging.getLogger("hydra.utils")
    before, logger.disabled = logger.disabled, True
    try:
        return get_object(target)
    except Exception as error:
        reason = " ".join(str(error.__cause__ or error).split())
        raise ValueError(f"{path}._target_={target}: cannot be imported: {reason}") from error
    finally:
        logger.disabled = before


def _fits(value: Any, hint: Any) -> bool:
    """Whether a plain value, or a list of plain values, is of a type."""
    if isinstance(value, ListConfig):
        entries = list(value)
        if any(isinstance(entry, DictConfig) for entry in entries):
            return True
        if get_origin(hint) is tuple:
            return _is(tuple(entries), hint)
        # One by one: of a long list, only some entry would be looked at.
        return all(_is([entry], hint) or _is([_as_float(entry)], hint) for entry in entries)
    return _is(value, hint) or _is(_as_float(value), hint)


def _is(value: Any, hint: Any) -> bool:
    try:
        return is_bearable(value, hint)
    except BeartypeDecorHintPep3119Exception:
        return True  # Protocols of users that cannot be checked.


def _as_float(value: Any) -> Any:
    """Whole numbers are given where fractions are meant."""
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _shown(value: Any) -> Any:
    return list(value) if isinstance(value, ListConfig) else value


def _short(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) else str(hint).replace("typing.", "")

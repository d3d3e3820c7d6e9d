"""Say what an override perhaps meant, where Hydra only says what is wrong with it."""

import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig

from pipelines.override_check import nearest

CONF = Path(__file__).parents[1] / "conf"
# Hydra goes on with the advice to add it, which the next check refuses.
UNKNOWN = re.compile(r"Could not override '([^']+)'\.? ?To append to your config use \+\S+")
NO_CHOICE = "Config group override must be a string or a list"


def explained(text: str) -> str:
    """An error's text, made clear.

    That of an unknown key gets the nearest key of the command's config, that of a group without a
    choice its choices.
    """
    if text.startswith(NO_CHOICE):
        return _choices() or text
    found = UNKNOWN.search(text)
    if found is None or "@" in found[1]:
        return text
    question = ""
    # The config of what is left may be wrong, too: then there is nothing to compare with.
    with suppress(Exception):
        question = nearest(found[1], _keys(_config()))
    return f"no key {found[1]} (+{found[1]}= gives one to an object that takes it){question}"


def _choices() -> str | None:
    """What may be chosen in place of ``group=null``."""
    for override in sys.argv[1:]:
        group, _, choice = override.lstrip("+").partition("=")
        if choice in ("null", "") and group in _groups():
            names = sorted(path.stem for path in (CONF / group).glob("*.yaml"))
            return f"{group}={choice}: choose one of {', '.join(names)}, or leave it out"
    return None


def _groups() -> set[str]:
    return {path.parent.relative_to(CONF).as_posix() for path in CONF.rglob("*/*.yaml")}


def _config() -> DictConfig:
    """The config of this command's choices of groups alone."""
    groups = _groups()
    chosen = [a for a in sys.argv[1:] if re.split("[=@]", a.lstrip("+"))[0] in groups]
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose(Path(sys.argv[0]).stem, overrides=chosen)


def _keys(node: DictConfig, prefix: str = "") -> Iterator[str]:
    for key in map(str, node):
        yield f"{prefix}{key}"
        child = node._get_node(key)
        if isinstance(child, DictConfig) and not child._is_none() and not child._is_interpolation():
            yield from _keys(child, f"{prefix}{key}.")

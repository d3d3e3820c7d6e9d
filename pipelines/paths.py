"""Paths as people write them: ``~`` is the home folder."""

import os
import re
import sys
from collections.abc import Sequence
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf

HOME = re.compile(r"~[^/\\]*([/\\]|$)")
# In the value of an override: at its beginning, or at that of an entry of a list.
IN_OVERRIDE = re.compile(r"""(?:^|(?<=[\[,:{"'\s]))~[\w.-]*(?=[/,\]}"']|$)""")


def expand_home(cfg: DictConfig | ListConfig) -> None:
    """Replace ``~`` at the beginning of every value of a config that is a path; changes ``cfg``.

    Values that come from the environment count; references to other keys follow those.
    """
    raw: Any = OmegaConf.to_container(cfg, resolve=False)
    for key in raw if isinstance(raw, dict) else range(len(raw)):
        written = raw[key]
        is_reference = isinstance(written, str) and "${" in written
        if written == "???" or (is_reference and "oc.env:" not in written):
            continue
        value: Any = cfg[key]
        if isinstance(value, DictConfig | ListConfig):
            expand_home(value)
        elif isinstance(value, str) and HOME.match(value):
            cfg[key] = os.path.expanduser(value)


def with_home(arguments: Sequence[str]) -> list[str]:
    """The arguments of a command with ``~`` replaced in the values of overrides.

    Hydra cannot read it without quotes, and makes the folder of a run before we see its name.
    """
    pairs = (argument.partition("=") for argument in arguments)
    return [key + equals + IN_OVERRIDE.sub(_expanded, value) for key, equals, value in pairs]


def _expanded(match: re.Match[str]) -> str:
    return os.path.expanduser(match[0])


def see_current_folder() -> None:
    """Let Python find modules in the current folder, after all others."""
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())

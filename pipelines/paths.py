"""Paths as people write them: ``~`` is the home folder."""

import os
import re
from collections.abc import Sequence
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf

HOME = re.compile(r"~[^/\\]*([/\\]|$)")
# Hydra makes this folder itself, before anything of ours runs.
RUN_FOLDER = re.compile(r"""(\+{0,2}hydra\.(?:run|sweep)\.dir=)(["']?)(~[^"']*)""")


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
    """The arguments of a command with ``~`` replaced in the folders that Hydra makes."""
    return [RUN_FOLDER.sub(_expanded, argument) for argument in arguments]


def _expanded(match: re.Match[str]) -> str:
    return f"{match[1]}{match[2]}{os.path.expanduser(match[3])}"

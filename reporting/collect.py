"""Find and read the results of runs."""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from reporting.schema import ProtocolValue, Results

NAME = "results.json"
# Parts of a config that are where and how a run is done, not what is done.
ELSEWHERE = re.compile(
    r"(hydra|paths|logger|callbacks|metadata|images|debug|num_threads|monitor|ckpt_path|setting"
    r"|config_hash|trainer\.(accelerator|devices|num_nodes|strategy|logger|enable_\w+|callbacks"
    r"|default_root_dir|plugins|log_every_n_steps)"
    r"|target\.(weights|name)|data\.(data_dir|download|data_note))(\.|$)"
)


@dataclass(frozen=True)
class Run:
    """Results with where they were found.

    Args:
        results: the contents of the file.
        name: its folder, below the root that was searched.
        shipped: whether the results came with the project.
        folder: that holds the file and others of the run; ``None`` if there is no file.
    """

    results: Results
    name: str = ""
    shipped: bool = False
    folder: Path | None = None


def collect(
    roots: Iterable[Path | str], *, shipped: Path | str | None = None, with_shipped: bool = False
) -> tuple[list[Run], list[str]]:
    """Read every ``results.json`` below the folders, each once, oldest first.

    Results that recorded no protocol get one from the config in ``.hydra`` beside them, if any.

    Args:
        roots: folders, or files themselves.
        shipped: the folder of the results that came with the project. They are marked, and left
            out below roots that lie outside this folder.
        with_shipped: whether to read them nevertheless.

    Returns:
        The runs, and one line about each root or file that cannot be read or is not a run's.
    """
    home = None if shipped is None else Path(shipped).expanduser().resolve()
    runs, complaints = [], []
    files: dict[Path, tuple[Path, Path]] = {}
    for root in [Path(root).expanduser() for root in roots]:
        if not root.exists():
            complaints.append(f"skipped: there is no folder {root}")
            continue
        inside = home is not None and root.resolve().is_relative_to(home)
        for file in _find(root, complaints):
            if inside or with_shipped or home is None or not file.resolve().is_relative_to(home):
                files.setdefault(file.resolve(), (file, root))
    for resolved, (file, root) in sorted(files.items(), key=_age):
        try:
            results = _with_protocol(Results.read(file), file.parent)
        except OSError as error:
            complaints.append(f"skipped: {file} cannot be read: {error.strerror}")
        except ValueError as error:
            complaints.append(f"skipped: {' '.join(str(error).split())}")
        else:
            is_shipped = home is not None and resolved.is_relative_to(home)
            base = home if home is not None and is_shipped else root.resolve()
            runs.append(Run(results, _name(resolved, base), is_shipped, file.parent))
    return runs, complaints


def _name(file: Path, base: Path) -> str:
    """The folder of a file below another; its own name where that is the same folder."""
    folder = file.parent
    inside = folder != base and folder.is_relative_to(base)
    return folder.relative_to(base).as_posix() if inside else folder.name


def _find(root: Path, complaints: list[str]) -> Iterator[Path]:
    if root.is_file():
        yield root

    def complain(error: OSError) -> None:
        complaints.append(f"skipped: {error.filename} cannot be read: {error.strerror}")

    for folder, folders, files in os.walk(root, onerror=complain):
        if NAME in files or NAME in folders:
            yield Path(folder) / NAME


def _age(item: tuple[Path, Any]) -> tuple[float, str]:
    path = item[0]
    try:
        return path.stat().st_mtime, str(path)
    except OSError:
        return 0.0, str(path)


def _with_protocol(results: Results, folder: Path) -> Results:
    file = folder / ".hydra" / "config.yaml"
    if results.protocol or not file.is_file():
        return results
    try:
        config = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, yaml.YAMLError):
        # The results stand without it; they are then distinguished as those without a config.
        return results
    flat = dict(_flatten(config)) if isinstance(config, dict) else {}
    return replace(results, protocol={k: v for k, v in flat.items() if not ELSEWHERE.match(k)})


def _flatten(config: dict[Any, Any], prefix: str = "") -> Iterator[tuple[str, ProtocolValue]]:
    for key, value in config.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value

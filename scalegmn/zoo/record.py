"""The record of a zoo that was built here: ``zoo.json`` in its folder."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scalegmn.formats import atomic_path
from scalegmn.formats.atomic import leftovers

NAME = "zoo.json"
# Of a record's values; nothing else in the file is used.
TYPES: dict[str, type | tuple[type, ...]] = {
    "recipe": dict,
    "networks": int,
    "diverged": int,
    "seconds": (int, float),
    "device": (str, type(None)),
}


@dataclass(frozen=True)
class ZooRecord:
    """A zoo.

    Args:
        recipe: everything that decides what is in it, as JSON has it.
        networks: in the finished zoo; 0 before.
        diverged: networks that were left out, because a weight was not finite.
        seconds: that training them took, over all sessions.
        device: that it was finished on.
    """

    recipe: Mapping[str, Any]
    networks: int = 0
    diverged: int = 0
    seconds: float = 0.0
    device: str | None = None

    @property
    def finished(self) -> bool:
        return self.device is not None

    def write(self, folder: Path) -> None:
        """Write it whole or not at all."""
        with atomic_path(folder / NAME) as temporary:
            temporary.write_text(json.dumps(asdict(self), indent=2) + "\n")


def read_record(folder: Path, hint: str) -> ZooRecord:
    """Read the record in a folder. Its values are compared and shown; nothing is made of them.

    Args:
        folder: of a zoo.
        hint: what to do if the record is damaged.

    Raises:
        FileNotFoundError: if it has no record.
        ValueError: if that is damaged.
    """
    file = folder / NAME
    try:
        values = json.loads(file.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file} is damaged (it is not JSON): {hint}") from error
    if not isinstance(values, dict) or "recipe" not in values:
        raise ValueError(f"{file} is damaged (it has no recipe): {hint}")
    for key, value in values.items():
        if not isinstance(value, TYPES.get(key, ())) or isinstance(value, bool):
            raise ValueError(f"{file} is damaged ({key!r} is {str(value)[:40]!r}): {hint}")
    return ZooRecord(**values)


def claim_folder(folder: Path, recipe: Mapping[str, Any]) -> ZooRecord:
    """The record of a folder, which is claimed for the recipe if nothing is there.

    Raises:
        ValueError: if something else is there, or the folder cannot be made.
    """
    file = folder / NAME
    recipe = json.loads(json.dumps(recipe))
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"zoo.folder={folder}: is a file; give the path of a folder")
    # One look: another process may be claiming the folder for the same zoo.
    there = set(folder.iterdir()) if folder.exists() else set()
    if file not in there:
        if others := sorted(there - set(leftovers(file))):
            raise ValueError(
                f"{folder} holds {others[0].name}, which is no part of a zoo that was made here: "
                "give another zoo.folder"
            )
        record = ZooRecord(recipe)
        record.write(folder)
        return record
    record = read_record(folder, f"delete {folder} or give another zoo.folder")
    for key in sorted(recipe.keys() | record.recipe.keys()):
        if recipe.get(key) != record.recipe.get(key):
            raise ValueError(
                f"{folder} holds a zoo with {key} {record.recipe.get(key)}, not {recipe.get(key)}: "
                "give another zoo.folder, or repeat that zoo's command to continue it"
            )
    return record

"""What the folder of a zoo says about itself: ``zoo.json``."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scalegmn.formats import atomic_path
from scalegmn.formats.atomic import leftovers

NAME = "zoo.json"


@dataclass(frozen=True)
class ZooRecord:
    """A zoo.

    Args:
        recipe: everything that decides what is in it, as JSON has it.
        networks: that it holds when it is finished; 0 before.
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


def recorded(folder: Path, hint: str) -> ZooRecord:
    """What a folder that has a record says about itself.

    Args:
        folder: of a zoo.
        hint: what to do if the record is damaged.

    Raises:
        FileNotFoundError: if it has no record.
        ValueError: if that is damaged.
    """
    file = folder / NAME
    try:
        return ZooRecord(**json.loads(file.read_text()))
    except (ValueError, TypeError) as error:
        raise ValueError(f"{file} is damaged: {hint}") from error


def begun(folder: Path, recipe: Mapping[str, Any]) -> ZooRecord:
    """The record of a folder, which is claimed for the recipe if nothing is there.

    Raises:
        ValueError: if something else is there.
    """
    file = folder / NAME
    recipe = json.loads(json.dumps(recipe))
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
    record = recorded(folder, f"delete {folder} or give another zoo.folder")
    for key in sorted(recipe.keys() | record.recipe.keys()):
        if recipe.get(key) != record.recipe.get(key):
            raise ValueError(
                f"{folder} holds a zoo with {key} {record.recipe.get(key)}, not {recipe.get(key)}: "
                "give another zoo.folder, or repeat that zoo's command to continue it"
            )
    return record

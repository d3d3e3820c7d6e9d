"""The record of a folder of INRs that were fitted here: ``inrs.json``."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scalegmn.formats import atomic_path
from scalegmn.formats.atomic import leftovers

NAME = "inrs.json"


def claim_folder(folder: Path, recipe: Mapping[str, Any]) -> None:
    """Claim a folder for a recipe, unless it is its own already.

    Args:
        folder: of the INRs; made if need be.
        recipe: everything that decides what is in it, as JSON has it.

    Raises:
        ValueError: if something else is there, or the folder cannot be made.
    """
    file = folder / NAME
    recipe = json.loads(json.dumps(recipe))
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"inrs.folder={folder}: is a file; give the path of a folder")
    # One look: another shard may be claiming the folder for the same INRs.
    there = set(folder.iterdir()) if folder.exists() else set()
    if file not in there:
        if others := sorted(there - set(leftovers(file))):
            raise ValueError(
                f"{folder} holds {others[0].name}, which is no part of INRs that were fitted here: "
                "give another inrs.folder"
            )
        with atomic_path(file) as temporary:
            temporary.write_text(json.dumps(recipe, indent=2) + "\n")
        return
    known = _read(file)
    for key in sorted(recipe.keys() | known.keys()):
        if recipe.get(key) != known.get(key):
            raise ValueError(
                f"{folder} holds INRs with {key} {known.get(key)}, not {recipe.get(key)}: give "
                "another inrs.folder, or repeat their command to continue"
            )


def _read(file: Path) -> dict[str, Any]:
    try:
        values = json.loads(file.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file} is damaged: delete {file.parent} or give another one") from error
    if not isinstance(values, dict):
        raise ValueError(f"{file} is damaged: delete {file.parent} or give another one")
    return values

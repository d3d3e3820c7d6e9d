"""Check the paths of folders that are read."""

import os
from pathlib import Path

from scalegmn.formats.paths import expand_home


def existing_folder(path: str | os.PathLike[str], hint: str) -> Path:
    """The path of a folder that can be read, with ``~`` for the home folder expanded.

    Args:
        path: of the folder.
        hint: what to do if there is none, for the message.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: it is a file, or may not be read.
    """
    path = expand_home(path)
    try:
        next(path.iterdir(), None)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{path}: no such folder; {hint}") from error
    except NotADirectoryError as error:
        raise ValueError(f"{path}: is a file, expected a folder; {hint}") from error
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from error
    return path


def below(folder: str | os.PathLike[str], name: str | os.PathLike[str]) -> Path:
    """The path of something in a folder, with ``~`` expanded in both; absolute names stay."""
    return expand_home(folder) / expand_home(name)

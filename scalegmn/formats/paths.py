"""Check the paths of files that are read."""

import os
from pathlib import Path


def existing_file(path: str | os.PathLike[str], expected: str = "a file") -> Path:
    """The path of a file that can be read, with ``~`` for the home folder expand_home.

    Args:
        path: of the file.
        expected: what it should be, for the message.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is a folder, or may not be read.
    """
    path = expand_home(path)
    try:
        with path.open("rb"):
            return path
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(f"{path}: no such file; expected {expected}") from error
    except IsADirectoryError as error:
        raise ValueError(f"{path}: is a folder; expected {expected}") from error
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from error


def expand_home(path: str | os.PathLike[str]) -> Path:
    """The path with ``~`` or ``~user`` replaced by the home folder.

    Raises:
        ValueError: the user is not known.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise ValueError(f"{os.fspath(path)}: has no home folder ({error})") from error

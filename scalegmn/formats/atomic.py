"""Write files whole or not at all."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from scalegmn.formats.paths import expand_home


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary path beside ``path``, renamed to it on success and removed on failure.

    The folder is made if need be. The temporary name is hidden, keeps the suffix (``np.save``
    would append one), and is unique, so that processes that write the same file do not mix.

    >>> with atomic_path("outputs/results.json") as temporary:
    ...     temporary.write_text("{}")

    Raises:
        ValueError: the folder cannot be made or written to, or the path is a folder.
    """
    path = expand_home(path)
    _make_writable(path)
    temporary = path.with_name(f".{path.stem}.{uuid4().hex[:8]}{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    except Exception as error:
        _name_file(error, path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def _name_file(error: BaseException | None, path: Path) -> None:
    """Name the file in errors of the system that name none, as those of a full disk."""
    while error is not None:
        if isinstance(error, OSError) and error.errno is not None and error.filename is None:
            error.filename = str(path)
        error = error.__cause__ or error.__context__


def leftovers(path: str | os.PathLike[str]) -> list[Path]:
    """Temporary files beside ``path`` of processes that were killed inside :func:`atomic_path`."""
    path = expand_home(path)
    name = re.compile(rf"\.{re.escape(path.stem)}\.[0-9a-f]{{8}}{re.escape(path.suffix)}")
    return [file for file in path.parent.glob(".*") if name.fullmatch(file.name)]


def _make_writable(path: Path) -> None:
    """Make the folder of a file, and see that the file can be put there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"{path.parent}: cannot be made a folder ({error.strerror})") from error
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise ValueError(f"{path.parent}: may not be written to (Permission denied)")
    if path.is_dir():
        raise ValueError(f"{path}: is a folder; expected a file")

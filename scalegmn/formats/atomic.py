"""Files that are whole or not there."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary path beside ``path``, renamed to it on success and removed on failure.

    The folder is made if need be. The temporary name is hidden, keeps the suffix (``np.save``
    would append one), and is unique, so that processes that write the same file do not mix.

    >>> with atomic_path("outputs/results.json") as temporary:
    ...     temporary.write_text("{}")
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
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
    """What processes that were killed inside :func:`atomic_path` left beside ``path``."""
    path = Path(path)
    name = re.compile(rf"\.{re.escape(path.stem)}\.[0-9a-f]{{8}}{re.escape(path.suffix)}")
    return [file for file in path.parent.glob(".*") if name.fullmatch(file.name)]

"""Read the metadata of networks' files."""

import os
from collections.abc import Callable
from pathlib import Path

from scalegmn.formats import safetensors, sparse
from scalegmn.formats.paths import existing_file

READERS: dict[str, Callable[[Path], dict[str, str]]] = {
    safetensors.SUFFIX: safetensors.read_safetensors_metadata,
    sparse.SUFFIX: sparse.read_sparse_metadata,
}


def read_metadata(path: str | os.PathLike[str]) -> dict[str, str]:
    """The metadata of a network's file; empty for formats without any.

    They come with the file: nothing may be run, imported or composed because of them.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it may not be read, or is not whole.
    """
    path = existing_file(path, "a network")
    reader = READERS.get(path.suffix)
    return {} if reader is None else reader(path)

"""The published order of a zoo's rows."""

from pathlib import Path

import numpy as np
import pandas as pd

from scalegmn.formats.folders import below
from scalegmn.formats.paths import existing_file


def find_split_file(folder: Path, name: str | None) -> Path | None:
    """The split file in a zoo's folder: the one named, else the published one if it exists.

    Raises:
        FileNotFoundError: if the named one is missing.
    """
    if name is not None:
        file = below(folder, name)
        if not file.is_file():
            raise FileNotFoundError(
                f"{file}: no such split file; `python get_data.py` gets the published "
                "ones, and data.split_file=null splits by run"
            )
        return file
    zoo = folder.name
    names = [f"{zoo}_split.csv", f"{zoo.removesuffix('_cropped')}_split.csv"]
    return next((folder / n for n in names if (folder / n).is_file()), None)


def read_order(path: Path, rows: int) -> np.ndarray:
    """A split file: a permutation of all rows, one number per line.

    Published files begin with a stray line ``0``, left over from a header. It is dropped, so that
    row 0 does not come twice.

    Args:
        path: the file.
        rows: of the zoo.

    Raises:
        ValueError: if it may not be read, or is not a permutation of so many rows.
    """
    existing_file(path, "a split file")
    try:
        table = pd.read_csv(path, header=None, dtype="int64", encoding="utf-8-sig")
        order = table[0].to_numpy()
    except (ValueError, OSError) as error:
        raise ValueError(f"{path}: not one whole number per line; copy it again") from error
    if len(order) == rows + 1 and order[0] == 0:
        order = order[1:]
    if len(order) != rows or not np.array_equal(np.sort(order), np.arange(rows)):
        raise ValueError(
            f"{path}: not an order of the zoo's {rows} rows ({len(order)} lines); "
            "is it the split file of another zoo?"
        )
    return order

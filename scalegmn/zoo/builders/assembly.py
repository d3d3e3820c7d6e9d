"""Assemble finished networks to a folder in the official layout of a zoo."""

import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from scalegmn.formats import atomic_path
from scalegmn.formats.layout import Layout
from scalegmn.zoo.builders.parts import Part, Parts
from scalegmn.zoo.builders.training import METRICS


def assemble(
    parts: Parts,
    folder: Path,
    *,
    layout: Layout,
    columns: Sequence[Mapping[str, Any]],
    steps: Sequence[Mapping[str, Any]],
) -> pd.DataFrame:
    """Write ``weights.npy``, ``metrics.csv.gz`` and ``layout.csv``; networks by their number.

    A network with a weight that is not finite at a checkpoint is left out, with all its rows: the
    official zoo lacks the runs that crashed.

    Args:
        parts: all networks.
        folder: of the zoo.
        layout: of a row.
        columns: of the metrics, by network.
        steps: columns of the metrics, by checkpoint.

    Returns:
        The metrics.

    Raises:
        ValueError: if no network is left.
    """
    numbers = np.concatenate([_whole(part) for part in parts])
    if not len(numbers):
        raise ValueError(
            f"{folder}: all {len(columns)} networks diverged; give another zoo.folder and a lower "
            "learning rate"
        )
    place = {int(number): i for i, number in enumerate(np.sort(numbers))}
    per, width = len(steps), sum(variable.size for variable in layout)
    metrics = np.empty((len(place), per, len(METRICS)))
    with atomic_path(folder / "weights.npy") as temporary:
        shape = (len(place) * per, width)
        rows = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.float32, shape=shape)
        for part in parts:
            for i, number in enumerate(part.numbers.tolist()):
                if number in place:
                    at = place[number]
                    rows[at * per : (at + 1) * per] = part.weights[i]
                    metrics[at] = part.metrics[i]
        rows.flush()
        del rows
    described = [{**columns[number], **step} for number in place for step in steps]
    measured = pd.DataFrame(metrics.reshape(-1, len(METRICS)), columns=list(METRICS))
    table = pd.concat([pd.DataFrame(described), measured], axis=1)
    # Without a time and a name: the same zoo is the same bytes.
    with (
        atomic_path(folder / "metrics.csv.gz") as temporary,
        temporary.open("wb") as file,
        gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed,
    ):
        table.to_csv(packed, index=False)
    _write_layout(folder / "layout.csv", layout)
    return table


def _whole(part: Part) -> np.ndarray:
    return part.numbers[np.isfinite(part.weights).all(axis=(1, 2))]


def _write_layout(path: Path, layout: Layout) -> None:
    starts = np.cumsum([0, *(variable.size for variable in layout)]).tolist()
    rows = [
        (f"{v.layer}/{v.kind}:0", start, start + v.size, v.size, str(v.shape))
        for v, start in zip(layout, starts, strict=False)
    ]
    with atomic_path(path) as temporary:
        names = ["varname", "start_idx", "end_idx", "size", "shape"]
        pd.DataFrame(rows, columns=names).to_csv(temporary, index=False)

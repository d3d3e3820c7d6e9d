"""A zoo of small CNNs on disk."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from scalegmn.formats.folders import existing_folder
from scalegmn.formats.layout import Layout, read_layout
from scalegmn.formats.paths import existing_file
from scalegmn.zoo.metrics import need_columns, read_metrics

WEIGHTS, METRICS, LAYOUT = "weights.npy", "metrics.csv.gz", "layout.csv"
ROWS_AT_ONCE = 256
HOW_TO_GET = (
    "get a zoo with `python get_data.py`, make one with `python train.py experiment=build_zoo`, or "
    "set paths.data_dir (or SCALEGMN_DATA) and data.folder to where one is"
)


@dataclass(frozen=True)
class ZooFolder:
    """The official layout of the Small CNN Zoo: one row of weights per checkpoint of a network.

    Only the table is read; the weights are mapped.

    Reference: Unterthiner et al., *Predicting Neural Network Accuracy from Weights*, 2020,
    arXiv:2002.11448.

    Attributes:
        path: the folder.
        weights: ``(rows, parameters)``, of any floating-point type.
        metrics: ``config.activation``, ``modeldir`` (names the run), ``step`` (the epoch), and
            those of the accuracies and of a pruned zoo's columns that exist.
        layout: position of each variable in a row.
    """

    path: Path
    weights: np.ndarray
    metrics: pd.DataFrame
    layout: Layout

    @classmethod
    def open(cls, path: str | Path, hint: str = HOW_TO_GET) -> "ZooFolder":
        """Open a folder with ``weights.npy``, ``metrics.csv.gz`` and ``layout.csv``.

        Args:
            path: the folder.
            hint: what to do if there is none.

        Raises:
            FileNotFoundError: if the folder or one of the files is missing.
            ValueError: in one line, if a file may not be read, is damaged, or does not fit the
                others.
        """
        path = existing_folder(path, hint)
        for name in (WEIGHTS, METRICS, LAYOUT):
            existing_file(path / name, f"a zoo's; {hint}")
        layout = read_layout(path / LAYOUT)
        weights = _mapped(path / WEIGHTS, sum(variable.size for variable in layout))
        metrics = read_metrics(path / METRICS)
        if len(weights) != len(metrics):
            raise ValueError(
                f"{path}: {WEIGHTS} has {len(weights)} rows and {METRICS} has {len(metrics)}; "
                "copy both again"
            )
        return cls(path, weights, metrics, layout)

    def column(self, name: str, hint: str = "") -> np.ndarray:
        """A column of numbers.

        Raises:
            ValueError: if there is no such column.
        """
        need_columns(self.metrics, [name], self.path / METRICS, hint)
        return self.metrics[name].to_numpy()

    def read(self, rows: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Read rows in blocks: pairs of row indices and weights, in float32.

        Args:
            rows: in ascending order, for the disk's sake.
        """
        for start in range(0, len(rows), ROWS_AT_ONCE):
            some = rows[start : start + ROWS_AT_ONCE]
            with np.errstate(over="ignore"):
                yield some, self.weights[some].astype(np.float32, copy=False)


def _mapped(path: Path, parameters: int) -> np.ndarray:
    try:
        weights = np.lib.format.open_memmap(path, mode="r")
    except Exception as error:  # numpy has many
        raise ValueError(f"{path}: truncated, or not a NumPy array; copy it again") from error
    if weights.ndim != 2 or weights.shape[1] != parameters or weights.dtype.kind != "f":
        found = f"{weights.dtype} of shape {weights.shape}"
        raise ValueError(
            f"{path}: {LAYOUT} beside it wants rows of {parameters} floats, got {found}"
        )
    return weights

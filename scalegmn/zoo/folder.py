"""A zoo of small CNNs on disk."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from scalegmn.formats.layout import Layout, read_layout
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
        metrics: ``config.activation``, ``modeldir`` (names the run), ``step`` (the epoch), and what
            there is of accuracies and of the columns of a pruned zoo.
        layout: where the variables lie in a row.
    """

    path: Path
    weights: np.ndarray
    metrics: pd.DataFrame
    layout: Layout

    @classmethod
    def open(cls, path: str | Path, hint: str = HOW_TO_GET) -> "ZooFolder":
        """Look into a folder with ``weights.npy``, ``metrics.csv.gz`` and ``layout.csv``.

        Args:
            path: the folder.
            hint: what to do if there is none.

        Raises:
            FileNotFoundError: if the folder or one of the files is missing.
            ValueError: in one line, if a file is damaged or they do not fit together.
        """
        path = Path(path)
        for file in (path, path / WEIGHTS, path / METRICS, path / LAYOUT):
            if not file.exists():
                raise FileNotFoundError(
                    f"{file}: no such {'file' if file.suffix else 'folder'}; {hint}"
                )
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
        """Some rows at a time: which, and their weights as float32.

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

"""Read and write the predictions of a run for its test networks."""

import gzip
import logging
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Int64
from numpy.typing import NDArray
from torch import Tensor

from scalegmn.predictor import Predictions

NAME = "predictions.csv.gz"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SplitPredictions:
    """Predictions for test networks, in the order of their split.

    Args:
        predicted: by the predictor, ``(n,)``.
        label: measured, ``(n,)``.
        family: equal for networks that stem from one training run, ``(n,)``.
    """

    predicted: NDArray[np.float64]
    label: NDArray[np.float64]
    family: NDArray[np.int64]

    def are_of_the_same_networks(self, other: "SplitPredictions") -> bool:
        """True if both predicted the same accuracies of the same families."""
        pairs = (self.label, other.label), (self.family, other.family)
        return all(np.array_equal(one, another) for one, another in pairs)


def write_predictions(
    file: Path,
    predictions: Predictions,
    *,
    rows: Int64[Tensor, " network"],
    family: Int64[Tensor, " network"] | None,
) -> None:
    """Write ``network,family,label,prediction,sparsity``, compressed; equal ones as equal bytes.

    Args:
        file: to write.
        predictions: of the test split.
        rows: the place of each prediction in the split.
        family: of each network of the split; ``None``: all are of their own.
    """
    order = rows.argsort()
    columns = {
        "network": rows[order],
        "family": rows[order] if family is None else family,
        "label": predictions.label[order],
        "prediction": predictions.predicted[order],
        "sparsity": predictions.sparsity[order],
    }
    frame = pd.DataFrame({name: column.numpy() for name, column in columns.items()})
    # Nine digits tell all float32 apart.
    text = frame.to_csv(index=False, float_format="%.9g", lineterminator="\n")
    file.write_bytes(gzip.compress(text.encode(), mtime=0))


@lru_cache(maxsize=256)
def read_predictions(folder: Path) -> SplitPredictions | None:
    """The predictions that a run left in its folder; ``None`` if it left none that can be read."""
    file = folder / NAME
    if not file.is_file():
        return None
    try:
        frame = pd.read_csv(file, compression="gzip")
        return SplitPredictions(
            predicted=frame["prediction"].to_numpy(np.float64),
            label=frame["label"].to_numpy(np.float64),
            family=frame["family"].to_numpy(np.int64),
        )
    except (OSError, EOFError, ValueError, KeyError) as error:
        log.warning("skipped: %s cannot be read: %s", file, " ".join(str(error).split()))
        return None

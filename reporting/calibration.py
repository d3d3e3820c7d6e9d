"""How far predictions are off at each sparsity, as a table."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from reporting.mean_sd import MeanSd
from scalegmn.predictor import Predictions

NAME = "calibration.csv"
# Upper ends of the bands of sparsity; networks that were not pruned have their own.
BANDS = tuple(np.arange(11) / 10)


def calibration_table(predictions: Predictions, good: float) -> pd.DataFrame:
    """Errors of predictions in bands of sparsity, and over all networks.

    Args:
        predictions: of a split.
        good: accuracy from which networks count as good, a fraction.

    Returns:
        A row for each band that has networks, then one for all: ``sparsity`` (the band's upper end,
        or ``all``), ``networks``, ``mae``, ``bias`` (mean of predicted less true accuracy),
        ``kendall_tau``, all as fractions, and the same for good networks, ``good_networks``, ….
    """
    sparsity = predictions.sparsity.double().numpy()
    # Of float32, which has no tenths.
    band = np.searchsorted(np.array(BANDS) + 1e-6, sparsity)
    known = np.unique(band[np.isfinite(sparsity)])
    parts = {f"{BANDS[i]:g}": band == i for i in known}
    parts["all"] = np.ones(len(sparsity), dtype=bool)
    high = predictions.label.numpy() >= good
    rows = [
        {
            "sparsity": name,
            **_errors(predictions, part),
            **{f"good_{key}": value for key, value in _errors(predictions, part & high).items()},
        }
        for name, part in parts.items()
    ]
    return pd.DataFrame(rows)


def write_calibration(file: Path, predictions: Predictions, good: float) -> None:
    """Write the table of :func:`calibration_table`."""
    table = calibration_table(predictions, good)
    table.to_csv(file, index=False, float_format="%.6g", lineterminator="\n")


def mean_errors(folders: Iterable[Path | None]) -> dict[str, MeanSd]:
    """Mean absolute errors in bands of sparsity, over runs.

    Args:
        folders: of the runs.

    Returns:
        By name, such as ``60-70 %``; empty if a run has no :data:`NAME`, or nothing was pruned.
    """
    found: dict[str, list[float]] = {}
    for folder in folders:
        if folder is None or not (folder / NAME).is_file():
            return {}
        table = pd.read_csv(folder / NAME, dtype={"sparsity": str})
        for band, error in zip(table["sparsity"], table["mae"], strict=True):
            found.setdefault(band, []).append(float(error))
    bands = [f"{band:g}" for band in BANDS if f"{band:g}" in found]
    if len(bands) < 2:
        return {}
    means = {_percent(band): MeanSd.of(found[band]) for band in bands}
    return {name: mean for name, mean in means.items() if mean}


def _percent(band: str) -> str:
    upper = round(100 * float(band))
    return f"{upper - 10}-{upper} %" if upper else "0 %"


def _errors(predictions: Predictions, part: np.ndarray) -> dict[str, float]:
    chosen = predictions.where(part)
    error = (chosen.predicted - chosen.label).double()
    return {
        "networks": len(chosen),
        "mae": error.abs().mean().item(),
        "bias": error.mean().item(),
        "kendall_tau": chosen.scores()["kendall_tau"],
    }

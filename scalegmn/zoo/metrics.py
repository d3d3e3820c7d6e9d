"""The table of a zoo: training and accuracy of each network."""

import zlib
from pathlib import Path

import pandas as pd

from scalegmn.formats.paths import existing_file

TEXT = {"config.activation", "modeldir", "config.base_modeldir"}
WHOLE = {"step", "config.base_row", "config.base_step", "config.finetune_epoch"}
NUMBERS = {"test_accuracy", "val_accuracy", "config.sparsity"}
ALWAYS = {"config.activation", "modeldir", "step"}


def read_metrics(path: Path) -> pd.DataFrame:
    """Those columns of a zoo's ``metrics.csv.gz`` that are used, a row per row of the weights.

    Text is categorical: objects would take more memory than all the rest.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it may not be read, is damaged, or lacks a column that every zoo has.
    """
    existing_file(path, "a zoo's table")
    dtypes = dict.fromkeys(TEXT, "category")
    dtypes |= dict.fromkeys(WHOLE, "int64") | dict.fromkeys(NUMBERS, "float64")
    try:
        metrics = pd.read_csv(
            path,
            usecols=lambda name: name in dtypes,
            dtype=dtypes,
            encoding="utf-8-sig",  # spreadsheets begin files with a byte-order mark
        )
    # pandas' own errors are ValueErrors.
    except (ValueError, OSError, EOFError, zlib.error) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: damaged, or no zoo's table ({reason}); copy it again") from error
    need_columns(metrics, sorted(ALWAYS), path)
    return metrics


def need_columns(metrics: pd.DataFrame, names: list[str], path: Path, hint: str = "") -> None:
    """Check that columns exist.

    Raises:
        ValueError: naming the file and the columns that it lacks.
    """
    if missing := [name for name in names if name not in metrics]:
        hint = hint or "is it the metrics.csv.gz of a zoo?"
        raise ValueError(f"{path} lacks {', '.join(missing)}: {hint}")

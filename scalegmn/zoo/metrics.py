"""The table of a zoo: how each network was trained, and how good it is."""

from pathlib import Path

import pandas as pd

TEXT = {"config.activation", "modeldir", "config.base_modeldir"}
WHOLE = {"step", "config.base_row", "config.base_step", "config.finetune_epoch"}
NUMBERS = {"test_accuracy", "val_accuracy", "config.sparsity"}
ALWAYS = {"config.activation", "modeldir", "step"}


def read_metrics(path: Path) -> pd.DataFrame:
    """Those columns of a zoo's ``metrics.csv.gz`` that are used, a row per row of the weights.

    Text is categorical: objects would take more memory than all the rest.

    Raises:
        ValueError: if the file is damaged or lacks a column that every zoo has.
    """
    dtypes = dict.fromkeys(TEXT, "category")
    dtypes |= dict.fromkeys(WHOLE, "int64") | dict.fromkeys(NUMBERS, "float64")
    try:
        metrics = pd.read_csv(path, usecols=lambda name: name in dtypes, dtype=dtypes)
    except (ValueError, OSError, EOFError) as error:  # pandas' own errors are ValueErrors
        raise ValueError(f"{path}: damaged, or no zoo's table ({error}); copy it again") from error
    need_columns(metrics, sorted(ALWAYS), path)
    return metrics


def need_columns(metrics: pd.DataFrame, names: list[str], path: Path, hint: str = "") -> None:
    """See that columns are there.

    Raises:
        ValueError: naming the file and the columns that it lacks.
    """
    if missing := [name for name in names if name not in metrics]:
        hint = hint or "is it the metrics.csv.gz of a zoo?"
        raise ValueError(f"{path} lacks {', '.join(missing)}: {hint}")

"""The base networks of a pruned zoo, as rows of the zoo that it was made from."""

import hashlib
from pathlib import Path

import numpy as np

from scalegmn.zoo.folder import METRICS, ZooFolder
from scalegmn.zoo.record import NAME as RECORD
from scalegmn.zoo.record import read_record

BASE_ROW = "config.base_row"
# Columns of a pruned zoo that repeat columns of its base zoo; both are text or numbers.
REPEATED = {
    "config.activation": "config.activation",
    "config.base_modeldir": "modeldir",
    "config.base_step": "step",
}


def bases(zoo: ZooFolder, base: ZooFolder) -> np.ndarray:
    """For each row of a pruned zoo the row of its base network in its base zoo.

    Raises:
        ValueError: if the zoo is not pruned, or has another base zoo.
    """
    rows = zoo.column(BASE_ROW, "no pruned zoo; `python train.py experiment=build_pruned_zoo`")
    if problem := _outside(rows, base) or _other(zoo, rows, base) or _other_table(zoo, base):
        raise ValueError(
            f"{zoo.path / METRICS}: {problem}; set data.base.folder to what it was made of"
        )
    return rows


def _outside(rows: np.ndarray, base: ZooFolder) -> str | None:
    there = len(base.metrics)
    if (outside := rows[(rows < 0) | (rows >= there)]).size:
        return f"{BASE_ROW} is {outside[0]}, and {base.path} has {there} rows"
    return None


def _other(zoo: ZooFolder, rows: np.ndarray, base: ZooFolder) -> str | None:
    """A description of a row whose base network differs from its columns."""
    for name, theirs in REPEATED.items():
        if name not in zoo.metrics:
            continue
        own = zoo.metrics[name].to_numpy(dtype=str)
        before = base.metrics[theirs].iloc[rows].to_numpy(dtype=str)
        if (differs := np.flatnonzero(own != before)).size:
            row = differs[0]
            return (
                f"{name} of row {row} is {own[row]}, and row {rows[row]} of {base.path} has "
                f"{theirs} {before[row]}"
            )
    return None


def _other_table(zoo: ZooFolder, base: ZooFolder) -> str | None:
    """Zoos of one recipe with other seeds have the same names; the builder recorded a hash."""
    digest = _recorded_digest(zoo.path)
    if digest is None or hashlib.sha256((base.path / METRICS).read_bytes()).hexdigest() == digest:
        return None
    return f"by {RECORD} beside it, it was made of another zoo than {base.path}"


def _recorded_digest(folder: Path) -> str | None:
    """The hash of the base zoo's table in the pruned zoo's record, if there is one."""
    if not (folder / RECORD).exists():
        return None
    digest = read_record(folder, "copy it again").recipe.get("base_metrics_sha256")
    return None if digest is None else str(digest)

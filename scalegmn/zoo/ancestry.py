"""Which network of another zoo a pruned network was."""

import hashlib
import json
from pathlib import Path

import numpy as np

from scalegmn.zoo.folder import METRICS, ZooFolder

BASE_ROW = "config.base_row"
# What a pruned network knows of its base network, and where that says it; both are text or numbers.
KNOWN = {
    "config.activation": "config.activation",
    "config.base_modeldir": "modeldir",
    "config.base_step": "step",
}
RECORD = "zoo.json"


def bases(zoo: ZooFolder, base: ZooFolder) -> np.ndarray:
    """For each row of a pruned zoo the row of its base network in the zoo that it was made of.

    Raises:
        ValueError: if the zoo is not pruned, or was made of another one.
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
    """A row whose base network is not what the row says of it."""
    for name, theirs in KNOWN.items():
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
    """Zoos of one recipe with other seeds have the same names; the builder wrote down which."""
    digest = _recorded(zoo.path / RECORD)
    if digest is None or hashlib.sha256((base.path / METRICS).read_bytes()).hexdigest() == digest:
        return None
    return f"by {RECORD} beside it, it was made of another zoo than {base.path}"


def _recorded(record: Path) -> str | None:
    try:
        return json.loads(record.read_text())["recipe"].get("base_metrics_sha256")
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{record}: damaged; copy it again") from error

"""Networks that are drawn from a zoo to be pruned."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from scalegmn.formats.layout import Layout
from scalegmn.zoo.builders.images import Dataset
from scalegmn.zoo.record import NAME as RECORD
from scalegmn.zoo.record import read_record


@dataclass(frozen=True)
class Draw:
    """One network to prune.

    Args:
        row: of the base zoo.
        sparsity: fraction of its weights to prune.
        seed: of the order of images, of dropout, and of a random mask.
        criterion: by which they are pruned.
    """

    row: int
    sparsity: float
    seed: int
    criterion: str


def images_of(base: Path, dataset: Dataset) -> str:
    """Compare the images that a base zoo was trained on with those to fine-tune on.

    Returns:
        ``the same``, or ``not recorded``.

    Raises:
        ValueError: if they differ: validation images could then be among those that the base
            networks were trained on.
    """
    if not (base / RECORD).exists():
        return "not recorded"
    theirs = read_record(base, "copy the base zoo again").recipe.get("dataset", {})
    if not isinstance(theirs, dict):
        raise ValueError(f"{base / RECORD} is damaged: copy the base zoo again")
    ours = json.loads(json.dumps(dataset.facts))
    for key in sorted(theirs.keys() | ours.keys()):
        if theirs.get(key) != ours.get(key):
            raise ValueError(
                f"{base} was trained on images with {key} {theirs.get(key)}, and these have "
                f"{ours.get(key)}: set data and data.* as they were for it"
            )
    return "the same"


def columns_of(number: int, draw: Draw, table: pd.DataFrame, layout: Layout) -> dict[str, Any]:
    """Columns of the metrics: training of the base network, and pruning."""
    base = {str(name): value for name, value in table.iloc[draw.row].items()}
    weights = sum(v.size for v in layout if v.kind == "kernel")
    config = {name: value for name, value in base.items() if name.startswith("config.")}
    config["config.base_row"] = draw.row
    config["config.base_modeldir"] = base["modeldir"]
    config["config.base_step"] = base["step"]
    config["config.criterion"] = draw.criterion
    config["config.sparsity"] = int(weights * draw.sparsity) / weights
    return {**dict(sorted(config.items())), "modeldir": f"draw_{number:06d}"}

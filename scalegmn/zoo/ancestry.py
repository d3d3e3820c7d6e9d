"""Which network of another zoo a pruned network was."""

import numpy as np

from scalegmn.zoo.folder import METRICS, ZooFolder

BASE_ROW = "config.base_row"


def bases(zoo: ZooFolder, base: ZooFolder) -> np.ndarray:
    """For each row of a pruned zoo the row of its base network in the zoo that it was made of.

    Raises:
        ValueError: if the zoo is not pruned, or was made of another one.
    """
    rows = zoo.column(BASE_ROW, "no pruned zoo; `python train.py experiment=build_pruned_zoo`")
    there = len(base.metrics)
    if (outside := rows[(rows < 0) | (rows >= there)]).size:
        problem = f"{BASE_ROW} is {outside[0]}, and {base.path} has {there} rows"
    else:
        own, before = (z.metrics["config.activation"].astype(str).to_numpy() for z in (zoo, base))
        differs = np.flatnonzero(own != before[rows])
        if not differs.size:
            return rows
        problem = (
            f"row {differs[0]} is a {own[differs[0]]} network, and row {rows[differs[0]]} of "
            f"{base.path} is not"
        )
    raise ValueError(
        f"{zoo.path / METRICS}: {problem}; set data.base.folder to what it was made of"
    )

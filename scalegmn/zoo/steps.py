"""Select checkpoints of runs by their epochs."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from scalegmn.arguments import check_whole

# The epochs of every run of the official zoos. Of a run that crashed, the last row is not final.
OFFICIAL_EPOCHS = 86

Steps = str | int | Collection[int]


def at_steps(metrics: pd.DataFrame, steps: Steps, key: str = "data.step") -> np.ndarray:
    """A mask of the rows at some epochs.

    Args:
        metrics: of a zoo.
        steps: ``last`` (epoch 86 in the official zoos, else the last epoch of each run), ``all``,
            an epoch, or several.
        key: of the config, for messages.

    Raises:
        ValueError: if an epoch is in no row, or ``steps`` is another word or empty.
    """
    epochs = metrics["step"]
    if steps == "all":
        return np.ones(len(metrics), dtype=bool)
    if steps == "last":
        if epochs.max() == OFFICIAL_EPOCHS:
            return (epochs == OFFICIAL_EPOCHS).to_numpy()
        last = epochs.groupby(metrics["modeldir"], observed=True).transform("max")
        return (epochs == last).to_numpy()
    if isinstance(steps, str):
        raise ValueError(f"{key}={steps!r}: expected last, all, an epoch or several")
    wanted = [steps] if isinstance(steps, int) else list(steps)
    if not wanted:
        raise ValueError(f"{key}=[]: expected last, all, an epoch or several")
    for step in wanted:
        check_whole(key, step, least=0)
    if unknown := sorted(set(wanted) - set(epochs.unique())):
        there = ", ".join(map(str, sorted(epochs.unique())))
        raise ValueError(f"{key}={unknown[0]}: no such epoch in the zoo, which has {there}")
    return epochs.isin(wanted).to_numpy()

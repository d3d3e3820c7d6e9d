"""The split of each training run, which all of its checkpoints share."""

import numpy as np
import pandas as pd

from scalegmn.zoo.splits import SPLITS, published_split, seeded_split
from scalegmn.zoo.steps import at_steps

NOWHERE = -1


def split_of_rows(
    metrics: pd.DataFrame, order: np.ndarray | None, *, seed: int, train_runs: int | None = None
) -> np.ndarray:
    """For each row an index into ``SPLITS``, by the run that it belongs to; -1 for none.

    With an order, runs are split as published, by the positions of their final rows; a run without
    one (it crashed) is in no split. Without, the runs of each activation are drawn by a seed.

    Args:
        metrics: of a zoo.
        order: of all rows; ``None`` where there is no split file.
        seed: of the split without an order, and of the choice of training runs.
        train_runs: number of training runs of each activation to keep; larger numbers keep the
            same runs and more; ``None`` for all.

    Raises:
        ValueError: if there are fewer.
    """
    runs = metrics["modeldir"].cat.codes.to_numpy()
    if order is None:
        parts = seeded_split(_by_activation(metrics), seed)
    else:
        final = order[at_steps(metrics, "last")[order]]
        parts = published_split(runs[final].tolist())
    if train_runs is not None:
        parts["train"] = _some(parts["train"], train_runs, _by_activation(metrics), seed)
    split = np.full(len(metrics["modeldir"].cat.categories), NOWHERE)
    for index, name in enumerate(SPLITS):
        split[parts[name]] = index
    return split[runs]


def _some(train: list[int], number: int, kinds: list[list[int]], seed: int) -> list[int]:
    """``number`` items of each kind, in an order drawn by a seed."""
    there = set(train)
    shuffled = [np.random.default_rng(seed).permutation(kind) for kind in kinds]
    candidates = [[int(run) for run in kind if run in there] for kind in shuffled]
    if not 1 <= number <= (most := min(map(len, candidates))):
        raise ValueError(f"data.train_runs={number}: expected 1 to {most}, which there are")
    return [run for kind in candidates for run in kind[:number]]


def _by_activation(metrics: pd.DataFrame) -> list[list[int]]:
    """The codes of the runs of each activation."""
    of_run = metrics.drop_duplicates("modeldir")
    # By name, so that the order in which networks were written does not matter.
    of_run = of_run.iloc[np.argsort(of_run["modeldir"].to_numpy(dtype=str))]
    activation = of_run["config.activation"].to_numpy(dtype=str)
    codes = of_run["modeldir"].cat.codes.to_numpy()
    return [codes[activation == name].tolist() for name in np.unique(activation)]

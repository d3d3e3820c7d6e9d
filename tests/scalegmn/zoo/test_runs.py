import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scalegmn.zoo.runs import NOWHERE, split_of_rows
from scalegmn.zoo.split_file import read_order
from scalegmn.zoo.splits import published_split
from tests.zoos import metrics_of


def table(*args, **options):
    metrics = metrics_of(*args, **options)
    return metrics.astype({"modeldir": "category", "config.activation": "category"})


def as_published(metrics, lines):
    """The published code in plain pandas: reorder, filter, cut. With the stray line."""
    final = metrics.iloc[lines].query("step == 86")
    return published_split(final.index.tolist())


def check(metrics, lines, order):
    split = split_of_rows(metrics, order, seed=0)
    for index, part in enumerate(as_published(metrics, lines).values()):
        ours = np.flatnonzero((split == index) & (metrics["step"] == 86))
        assert np.array_equal(ours, np.sort(part))
    return split


@pytest.mark.parametrize("runs", [30, 101])
def test_final_rows_are_split_as_published_and_others_with_their_run(runs):
    metrics = table(runs)
    order = np.random.default_rng(3).permutation(len(metrics))
    split = check(metrics, [0, *order], order)
    assert (split.reshape(runs, 9) == split.reshape(runs, 9)[:, :1]).all()


def test_with_the_real_split_file_15000_12000_3000():
    file = Path(os.environ.get("SCALEGMN_DATA", "-")) / "zoo" / "cifar10_split.csv"
    if not file.is_file():
        pytest.skip("needs the published split: SCALEGMN_DATA with zoo/cifar10_split.csv")
    lines = pd.read_csv(file, header=None)[0].to_numpy()
    assert len(lines) == 270_001
    metrics = table(30_000)
    split = check(metrics, lines, read_order(file, 270_000))
    final = split[metrics["step"] == 86]
    assert np.bincount(final).tolist() == [12_000, 3_000, 15_000]
    assert split[172_538] == 0  # the network that gets pruned is one of the training networks


def test_a_run_that_crashed_is_nowhere():
    metrics = table(30).drop(index=[8, 17])
    split = split_of_rows(metrics, np.arange(len(metrics)), seed=0)
    assert (split[:16] == NOWHERE).all() and (split[16:] != NOWHERE).all()


def test_without_a_file_runs_are_split_whatever_their_order():
    metrics = table(40, steps=(0, 5))
    split = split_of_rows(metrics, None, seed=42)
    for activation in ("relu", "tanh"):
        chosen = split[metrics["config.activation"] == activation]
        assert (np.bincount(chosen, minlength=3) >= [20, 6, 6]).all()
    assert (split[::2] == split[1::2]).all()
    other = metrics.iloc[::-1].astype({"modeldir": str}).astype({"modeldir": "category"})
    assert np.array_equal(split_of_rows(other, None, seed=42), split[::-1])
    assert not np.array_equal(split_of_rows(metrics, None, seed=43), split)

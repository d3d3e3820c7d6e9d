"""Identity of results: which runs are averaged, and which are rows of their own."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from reporting.collect import Run
from reporting.schema import DenseRow, Results
from reporting.settings import RUN, UNRECORDED, Settings, is_setting, of_network

RATES = "finetune.lr"


@dataclass(frozen=True)
class Split:
    """Settings of a run, by what they belong to.

    Args:
        network: those of the dense network and its data.
        method: those of the pruning method or the predictor.
        rates: the learning rates of fine-tuning that were searched; empty where not recorded.
    """

    network: Settings
    method: Settings
    rates: tuple[float, ...]


def split(results: Results) -> Split:
    """Settings of a run without its seed.

    Of files without a protocol: the setting, the size of the dense network and the experiment.
    """
    if not results.protocol:
        network: Settings = {"setting": results.setting} if results.setting else {}
        if results.dense and results.dense.parameters:
            network["parameters"] = results.dense.parameters
        return Split(network, {UNRECORDED: results.experiment}, ())
    known = {key: value for key, value in results.protocol.items() if is_setting(key)}
    rates = _numbers(known.pop(RATES, None))
    if results.experiment.startswith("finetune_"):
        # Of a run that does nothing but fine-tune, the optimizer's rate is that of fine-tuning.
        rates = rates or _numbers(known.get("optimizer.lr"))
        known.pop("optimizer.lr", None)
    return Split(
        {key: value for key, value in known.items() if of_network(key)},
        {key: value for key, value in known.items() if not of_network(key)},
        rates,
    )


def dense_id(dense: DenseRow | None) -> str:
    """Hash of a dense network; its measured values where that was not recorded."""
    if dense is None:
        return ""
    # Another device gives another last digit.
    return dense.hash or f"{dense.test_acc:.5f} {dense.val_loss or 0.0:.4f}"


def name_unrecorded(frame: pd.DataFrame, cell: Sequence[str]) -> pd.DataFrame:
    """Add the run's name to settings that cannot be what tells two runs of one cell apart.

    These are runs without a protocol that share a cell with a run of another config. Runs that
    differ in the seed keep one name.

    Args:
        frame: with columns ``settings``, ``run``, ``config_hash`` and those of ``cell``.
        cell: columns that are equal for runs that would count as one.

    Returns:
        The same with another column ``settings``.
    """
    unrecorded = frame[[UNRECORDED in settings for settings in frame["settings"]]]
    clashing: set[Any] = set()
    for _, runs in unrecorded.groupby(list(cell), sort=False, dropna=False):
        if runs["config_hash"].nunique(dropna=False) > 1:
            clashing |= set(runs["run"])
    settings = [
        {**old, RUN: run} if UNRECORDED in old and run in clashing else old
        for old, run in zip(frame["settings"], frame["run"], strict=True)
    ]
    return frame.assign(settings=pd.Series(settings, index=frame.index, dtype=object))


def run_name(run: Run) -> str:
    """Name of a run's folder without its seed."""
    return re.sub(rf"[-_](seed[-_]?)?{run.results.seed}$", "", run.name)


def method_order(methods: Iterable[str], known: Sequence[str]) -> dict[str, int]:
    """Places of methods: the known ones first, then the others by name."""
    others = sorted(set(methods) - set(known))
    return {method: place for place, method in enumerate([*known, *others])}


def _numbers(value: Any) -> tuple[float, ...]:
    values = value if isinstance(value, list) else [value]
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    return tuple(sorted({float(v) for v in numbers}))

"""Identity of results: which runs are averaged, and which are rows of their own."""

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reporting.collect import Run
from reporting.rows import DenseRow
from reporting.schema import Results
from reporting.settings import RUN, UNRECORDED, Settings, is_setting, of_network

RATES = "finetune.lr"
FOLDED = "fold_batch_norm"
# Options of pruning methods while they are off, as they were before there were such options.
OFF = {
    "architecture.preserve_size": False,
    "model.group_weight": 0.0,
    "pruner.group_weight": 0.0,
}


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
    off = OFF if results.method is not None else {}
    known = {
        key: value
        for key, value in results.protocol.items()
        if is_setting(key) and (key not in off or value != off[key])
    }
    if results.target is None:
        # Of runs that prune nothing, which compose the default target all the same.
        known = {key: value for key, value in known.items() if not key.startswith("target.")}
    if not _may_have_batch_norm(results.protocol):
        known.pop(FOLDED, None)
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


def name_unrecorded(
    *,
    cells: Sequence[Hashable],
    settings: Sequence[Settings],
    names: Sequence[str],
    hashes: Sequence[str | None],
) -> list[Settings]:
    """Add the run's name to settings that cannot be what tells two runs of one cell apart.

    These are runs without a protocol that share a cell with a run of another config. Runs that
    differ in the seed keep one name.

    Args:
        cells: equal for runs that would count as one.
        settings: of each run.
        names: of each run, without its seed.
        hashes: of each run's config.

    Returns:
        The settings, of which those without need are the same objects.
    """
    configs: dict[Hashable, set[str | None]] = defaultdict(set)
    named: dict[Hashable, set[str]] = defaultdict(set)
    for cell, own, name, config in zip(cells, settings, names, hashes, strict=True):
        if UNRECORDED in own:
            configs[cell].add(config)
            named[cell].add(name)
    clashing = {n for cell, found in configs.items() if len(found) > 1 for n in named[cell]}
    return [
        {**own, RUN: name} if UNRECORDED in own and name in clashing else own
        for own, name in zip(settings, names, strict=True)
    ]


def run_name(run: Run) -> str:
    """Name of a run's folder without its seed."""
    return re.sub(rf"[-_](seed[-_]?)?{run.results.seed}$", "", run.name)


def method_order(methods: Iterable[str], known: Sequence[str]) -> dict[str, int]:
    """Places of methods: the known ones first, then the others by name."""
    others = sorted(set(methods) - set(known))
    return {method: place for place, method in enumerate([*known, *others])}


def _may_have_batch_norm(protocol: Mapping[str, Any]) -> bool:
    """False where folding batch normalisation changes nothing, so that it is no setting."""
    small_cnn = str(protocol.get("target.net._target_", "")).endswith(".SmallCNN")
    return bool(protocol.get("target.net.batch_norm", not small_cnn))


def _numbers(value: Any) -> tuple[float, ...]:
    values = value if isinstance(value, list) else [value]
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    return tuple(sorted({float(v) for v in numbers}))

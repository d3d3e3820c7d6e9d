"""Table of pruned networks: means over dense networks and seeds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pandas as pd

from reporting.collect import Run
from reporting.identity import method_order, split
from reporting.mean_sd import MeanSd
from reporting.records import (
    FINETUNED_DENSE,
    SectionKey,
    dense_records,
    pruned_records,
    section_key,
    without_repeated_dense,
)
from reporting.schema import METHODS, PrunedRow
from reporting.settings import Settings, keys_between_methods, labels, shared_settings

# The dense network (its hash) and the seed of the run that pruned it.
Unit = tuple[str, int]


@dataclass(frozen=True)
class Row:
    """One method with one protocol at one sparsity.

    Args:
        method: of ``METHODS``, the user's own, or ``FINETUNED_DENSE``.
        sparsity: the fraction of prunable parameters that was asked for.
        test_acc: over units, after fine-tuning.
        label: the settings that other rows of the section have with other values.
        before_finetune: over units, right after pruning.
        weight_sparsity: fraction of zeros among weights, counted in the files.
        parameter_sparsity: fraction of zeros among all parameters.
        rates: the learning rates of fine-tuning that were chosen.
        candidates: the number of rates that they were chosen among; ``None`` if not recorded.
        at_edge: whether a chosen rate is the lowest or highest of several.
        epochs_before: epochs over the images before fine-tuning.
        shipped: whether the results came with the project.
        by_unit: ``test_acc`` of each dense network and seed.
    """

    method: str
    sparsity: float
    test_acc: MeanSd
    label: str = ""
    before_finetune: MeanSd | None = None
    weight_sparsity: MeanSd | None = None
    parameter_sparsity: MeanSd | None = None
    rates: tuple[float, ...] = ()
    candidates: int | None = None
    at_edge: bool = False
    epochs_before: tuple[int, ...] = ()
    shipped: bool = False
    by_unit: Mapping[Unit, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The method with its label."""
        return f"{self.method} ({self.label})" if self.label else self.method


@dataclass(frozen=True)
class Section:
    """Rows that may be compared: one target, one data set, one kind of dense network.

    Args:
        target: the network that is pruned.
        dataset: the images it classifies.
        data_note: a remark on these images.
        saw_validation: whether the dense network was trained on validation images.
        label: the settings that other sections of this target and data set have otherwise.
        shared: the settings of all rows.
        own: by method, the settings of its own that all its rows share.
        rows: the dense network first.
    """

    target: str
    dataset: str
    data_note: str | None
    saw_validation: bool
    label: str
    shared: Settings
    own: Mapping[str, Settings]
    rows: tuple[Row, ...]


Table = list[Section]


def tabulate(runs: Iterable[Run]) -> Table:
    """One section for each target, data set and kind of dense network.

    Runs are averaged if they differ in nothing but the dense network and the seed. Only among
    learning rates of fine-tuning is there a choice, by validation loss; a run that was repeated
    counts once, the latest. Runs on some batches only are left out.
    """
    counted = [
        run for run in runs if (run.results.dense or run.results.pruned) and not run.results.debug
    ]
    counted = without_repeated_dense(counted)
    dense, pruned = dense_records(counted), pruned_records(counted)
    keys = sorted({section_key(run.results) for run in counted})
    networks = {section_key(run.results): split(run.results).network for run in counted}
    titles = _titles(keys, networks)
    sections = []
    for key in keys:
        of_key = [f if f.empty else f[f["section"] == key] for f in (dense, pruned)]
        common, own = _common_settings(of_key[1])
        recorded = {k: v for k, v in networks[key].items() if k not in ("setting", "parameters")}
        common = {**recorded, **common}
        facts = (key[0], key[1], key[2] or None, key[3], titles[key])
        sections.append(Section(*facts, common, own, _rows(*of_key)))
    return sections


def _titles(keys: Sequence[SectionKey], networks: Mapping[Any, Settings]) -> dict[Any, str]:
    titles: dict[Any, str] = {}
    # Files without a protocol have no settings that could be compared with those of others.
    bare = {key for key in keys if not networks[key].keys() - {"setting", "parameters"}}
    for pair in {key[:2] for key in keys}:
        for same in (set(keys) - bare, bare):
            of_pair = [key for key in keys if key in same and key[:2] == pair]
            titles |= zip(of_pair, labels([("", networks[key]) for key in of_pair]), strict=True)
    # Their unusual settings always stand in the title.
    for key in bare:
        setting = str(networks[key].get("setting", ""))
        if setting not in titles[key]:
            titles[key] = ", ".join(part for part in (titles[key], setting) if part)
    return titles


def _common_settings(pruned: pd.DataFrame) -> tuple[Settings, dict[str, Settings]]:
    """The settings that all rows share, and by method those of its own that all its rows share."""
    if pruned.empty:
        return {}, {}
    variants = pruned.drop_duplicates(["method", "protocol"])
    common = shared_settings(list(variants["settings"]))
    elsewhere = common.keys() | keys_between_methods(variants["settings"])
    by_method = {
        m: shared_settings(list(records["settings"])) for m, records in variants.groupby("method")
    }
    own = {
        str(method): {key: value for key, value in settings.items() if key not in elsewhere}
        for method, settings in by_method.items()
    }
    return common, {method: settings for method, settings in own.items() if settings}


def _rows(dense: pd.DataFrame, pruned: pd.DataFrame) -> tuple[Row, ...]:
    rows = []
    for shipped, networks in dense.groupby("shipped") if len(dense) else ():
        test_acc = MeanSd.of(networks.groupby("dense")["test_acc"].last())
        if test_acc:
            rows.append(Row("dense", 0.0, test_acc, shipped=bool(shipped)))
    if pruned.empty:
        return tuple(rows)
    variants = pruned.drop_duplicates(["method", "protocol"])
    pairs = list(zip(variants["method"], variants["settings"], strict=True))
    keys = zip(variants["method"], variants["protocol"], strict=True)
    label = dict(zip(keys, labels(pairs), strict=True))
    known = (METHODS[0], FINETUNED_DENSE, *METHODS[1:])
    order = method_order(pruned["method"], known)
    found = []
    for key, records in pruned.groupby(["method", "protocol", "sparsity", "shipped"], sort=False):
        method, protocol, sparsity, shipped = cast(tuple[str, str, float, bool], key)
        found.append(_row(method, label[method, protocol], float(sparsity), bool(shipped), records))
    found.sort(
        key=lambda r: (r.method != FINETUNED_DENSE, r.sparsity, order[r.method], r.label, r.shipped)
    )
    return (*rows, *found)


def _row(method: str, label: str, sparsity: float, shipped: bool, records: pd.DataFrame) -> Row:
    networks: list[PrunedRow] = list(records["row"])
    test_acc = MeanSd.of(network.test_acc for network in networks)
    assert test_acc is not None
    rates = {n.finetune_lr for n in networks if n.finetune_lr is not None}
    epochs = {n.epochs_before_finetune for n in networks if n.epochs_before_finetune is not None}
    return Row(
        method,
        sparsity,
        test_acc,
        label,
        before_finetune=MeanSd.of(n.test_acc_before_finetune for n in networks),
        weight_sparsity=MeanSd.of(n.weight_sparsity for n in networks),
        parameter_sparsity=MeanSd.of(n.parameter_sparsity for n in networks),
        rates=tuple(sorted(rates, reverse=True)),
        candidates=len(records["rates"].iloc[0]) or None,
        at_edge=bool(records["at_edge"].any()),
        epochs_before=tuple(sorted(epochs)),
        shipped=shipped,
        by_unit=dict(zip(records["unit"], (n.test_acc for n in networks), strict=True)),
    )

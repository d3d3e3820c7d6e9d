"""Table of pruned networks: means over dense networks and seeds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reporting.collect import Run
from reporting.identity import method_order, split
from reporting.mean_sd import MeanSd
from reporting.records import (
    DENSE,
    FINETUNED_DENSE,
    DenseRecord,
    Record,
    SectionKey,
    Unit,
    dense_records,
    pruned_records,
    section_key,
    without_repeated_dense,
)
from reporting.schema import METHODS
from reporting.settings import (
    Settings,
    canonical,
    keys_between_methods,
    kind,
    labels,
    shared_settings,
    usual_settings,
)


@dataclass(frozen=True)
class Row:
    """One method with one protocol at one sparsity.

    Args:
        method: of ``METHODS``, the user's own, or ``FINETUNED_DENSE``.
        sparsity: the fraction of prunable parameters that was asked for.
        test_acc: over units, after fine-tuning.
        label: the settings that other rows of the section have with other values.
        lost: over units, test accuracy of the dense network less that of the pruned one.
        before_finetune: over units, right after pruning.
        weight_sparsity: fraction of zeros among weights, counted in the files.
        parameter_sparsity: fraction of zeros among all parameters.
        rates: the learning rates of fine-tuning that were chosen.
        candidates: the number of rates that they were chosen among; ``None`` if not recorded.
        at_edge: whether a chosen rate is the lowest or highest of several.
        epochs_before: epochs over the images before fine-tuning.
        shipped: whether the results came with the project.
        by_unit: ``test_acc`` of each dense network and seed.
        settings: of the method and its protocol, in full.
        records: that it is the mean of, one of each unit; none for the dense network.
    """

    method: str
    sparsity: float
    test_acc: MeanSd
    label: str = ""
    lost: MeanSd | None = None
    before_finetune: MeanSd | None = None
    weight_sparsity: MeanSd | None = None
    parameter_sparsity: MeanSd | None = None
    rates: tuple[float, ...] = ()
    candidates: int | None = None
    at_edge: bool = False
    epochs_before: tuple[int, ...] = ()
    shipped: bool = False
    by_unit: Mapping[Unit, float] = field(default_factory=dict)
    settings: Settings = field(default_factory=dict)
    records: tuple[Record, ...] = ()

    @property
    def is_dense(self) -> bool:
        """Whether nothing was pruned."""
        return self.method in DENSE

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
        usual: by method, the settings of rows that do not say otherwise.
        rows: the dense network first.
    """

    target: str
    dataset: str
    data_note: str | None
    saw_validation: bool
    label: str
    shared: Settings
    own: Mapping[str, Settings]
    usual: Mapping[str, Settings]
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
    networks = {section_key(run.results): split(run.results).network for run in counted}
    keys = sorted(networks)
    titles = _titles(keys, networks)
    sections = []
    for key in keys:
        of_dense = [record for record in dense if record.section == key]
        of_pruned = [record for record in pruned if record.section == key]
        common, own = _common_settings(of_pruned)
        recorded = {k: v for k, v in networks[key].items() if k not in ("setting", "parameters")}
        common = {**recorded, **common}
        facts = (key[0], key[1], key[2] or None, key[3], titles[key])
        sections.append(Section(*facts, common, own, _usual(of_pruned), _rows(of_dense, of_pruned)))
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


def _common_settings(pruned: Sequence[Record]) -> tuple[Settings, dict[str, Settings]]:
    """The settings that all rows share, and by method those of its own that all its rows share."""
    variants = [(method, settings) for (method, _), settings in _variants(pruned).items()]
    if not variants:
        return {}, {}
    every = [settings for _, settings in variants]
    common = shared_settings(every)
    elsewhere = common.keys() | keys_between_methods(every)
    by_method: dict[str, list[Settings]] = {}
    for method, settings in variants:
        by_method.setdefault(kind(method, settings), []).append(settings)
    own = {
        method: {k: v for k, v in shared_settings(found).items() if k not in elsewhere}
        for method, found in sorted(by_method.items())
    }
    return common, {method: settings for method, settings in own.items() if settings}


def _usual(pruned: Sequence[Record]) -> dict[str, Settings]:
    """What rows have that do not say otherwise; under the empty name what is so for all methods."""
    variants = [(method, settings) for (method, _), settings in _variants(pruned).items()]
    usual = {method: found for method, found in usual_settings(variants).items() if found}
    across = keys_between_methods(settings for _, settings in variants)
    common = {k: v for found in usual.values() for k, v in found.items() if k in across}
    own = {m: {k: v for k, v in s.items() if k not in across} for m, s in sorted(usual.items())}
    return {name: found for name, found in {"": common, **own}.items() if found}


def _variants(pruned: Iterable[Record]) -> dict[tuple[str, str], Settings]:
    """Settings by method and protocol, in the order of the records."""
    found: dict[tuple[str, str], Settings] = {}
    for record in pruned:
        found.setdefault((record.method, canonical(record.settings)), record.settings)
    return found


def _rows(dense: Sequence[DenseRecord], pruned: Sequence[Record]) -> tuple[Row, ...]:
    rows = []
    for shipped in (False, True):
        networks = {r.network: r.test_acc for r in dense if r.shipped == shipped}
        if test_acc := MeanSd.of(networks.values()):
            rows.append(Row("dense", 0.0, test_acc, shipped=shipped))
    variants = _variants(pruned)
    pairs = [(method, settings) for (method, _), settings in variants.items()]
    label = dict(zip(variants, labels(pairs), strict=True))
    order = method_order(
        (record.method for record in pruned), (METHODS[0], FINETUNED_DENSE, *METHODS[1:])
    )
    groups: dict[tuple[str, str, float, bool], list[Record]] = {}
    for record in pruned:
        key = (record.method, canonical(record.settings), record.sparsity, record.shipped)
        groups.setdefault(key, []).append(record)
    found = [_row(label[key[:2]], records) for key, records in groups.items()]
    found.sort(
        key=lambda r: (r.method != FINETUNED_DENSE, r.sparsity, order[r.method], r.label, r.shipped)
    )
    return (*rows, *found)


def _row(label: str, records: Sequence[Record]) -> Row:
    first, networks = records[0], [record.row for record in records]
    test_acc = MeanSd.of(network.test_acc for network in networks)
    assert test_acc is not None
    rates = {n.finetune_lr for n in networks if n.finetune_lr is not None}
    epochs = {n.epochs_before_finetune for n in networks if n.epochs_before_finetune is not None}
    return Row(
        first.method,
        first.sparsity,
        test_acc,
        label,
        lost=MeanSd.of(record.lost for record in records),
        before_finetune=MeanSd.of(n.test_acc_before_finetune for n in networks),
        weight_sparsity=MeanSd.of(n.weight_sparsity for n in networks),
        parameter_sparsity=MeanSd.of(n.parameter_sparsity for n in networks),
        rates=tuple(sorted(rates, reverse=True)),
        candidates=len(first.rates) or None,
        at_edge=any(record.at_edge for record in records),
        epochs_before=tuple(sorted(epochs)),
        shipped=first.shipped,
        by_unit={record.unit: record.row.test_acc for record in records},
        settings=first.settings,
        records=tuple(records),
    )

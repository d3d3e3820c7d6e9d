"""Records of pruned and dense networks, one for each dense network and seed."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import inf

from reporting.collect import Run
from reporting.identity import RATES, dense_id, name_unrecorded, run_name, split
from reporting.rows import PrunedRow
from reporting.schema import Results
from reporting.settings import Settings, canonical

FINETUNED_DENSE = "dense, fine-tuned"
DENSE = frozenset({"dense", FINETUNED_DENSE})
# Settings without a meaning where nothing is pruned.
OF_PRUNING = ("selection.", "pruner.", "prune_biases")
# Settings of single methods.
OF_METHODS = (
    *("pruner.", "selection.allocate", "model.", "architecture.", "optimizer.", "scheduler."),
    *("guard.", "callbacks.", "trainer.max_epochs", "trainer.gradient_clip_val"),
)
# Target, data set, remark on it, whether the dense network saw validation images, its settings.
SectionKey = tuple[str, str, str, bool, str]
# The dense network (its hash) and the seed of the run that pruned it.
Unit = tuple[str, int]


@dataclass(frozen=True)
class DenseRecord:
    """The dense network of a run.

    Args:
        section: that it belongs to.
        shipped: whether the results came with the project.
        network: its hash.
        test_acc: fraction of test images.
    """

    section: SectionKey
    shipped: bool
    network: str
    test_acc: float


@dataclass(frozen=True)
class Record:
    """A network that one method pruned to one sparsity, of one dense network and seed.

    Args:
        section: that it belongs to.
        shipped: whether the results came with the project.
        method: of ``METHODS``, the user's own, or :data:`FINETUNED_DENSE`.
        sparsity: the fraction of prunable parameters that was asked for.
        unit: the dense network and the seed.
        settings: of the method and its protocol.
        rates: the learning rates of fine-tuning that were searched.
        row: the measurements.
        runs: that searched the rates; the first one's network was chosen.
        at_edge: whether the chosen rate is the lowest or highest of several.
    """

    section: SectionKey
    shipped: bool
    method: str
    sparsity: float
    unit: Unit
    settings: Settings
    rates: tuple[float, ...]
    row: PrunedRow
    runs: tuple[Run, ...]
    at_edge: bool = False

    @property
    def run(self) -> Run:
        """The run that left the network."""
        return self.runs[0]

    @property
    def lost(self) -> float | None:
        """Test accuracy of the dense network less that of the pruned one; ``None`` if unknown."""
        dense = self.run.results.dense
        return None if dense is None else dense.test_acc - self.row.test_acc


def section_key(run: Results) -> SectionKey:
    """Runs with one key may be compared."""
    saw_validation = bool(run.dense and run.dense.saw_validation)
    network = canonical(split(run).network)
    return str(run.target), str(run.dataset), run.data_note or "", saw_validation, network


def dense_records(runs: Sequence[Run]) -> list[DenseRecord]:
    """One record for each run with a dense network."""
    return [
        DenseRecord(section_key(results), run.shipped, dense_id(results.dense), dense.test_acc)
        for run in runs
        if (dense := (results := run.results).dense)
    ]


def pruned_records(runs: Sequence[Run]) -> list[Record]:
    """One record for each method, protocol, sparsity, dense network and seed."""
    records = [record for run in runs for record in _pruned_records(run)]
    settings = name_unrecorded(
        cells=[(r.section, r.shipped, r.method, r.sparsity, r.unit) for r in records],
        settings=[record.settings for record in records],
        names=[run_name(record.run) for record in records],
        hashes=[record.run.results.config_hash for record in records],
    )
    return _choose_rates(
        [
            record if own is record.settings else replace(record, settings=own)
            for record, own in zip(records, settings, strict=True)
        ]
    )


def without_repeated_dense(runs: Sequence[Run]) -> list[Run]:
    """The runs without those that only trained a dense network that another run prunes."""

    def network(run: Results) -> tuple[object, ...]:
        return run.target, run.dataset, run.data_note, dense_id(run.dense)

    pruned = {network(run.results) for run in runs if run.results.pruned}
    return [run for run in runs if run.results.pruned or network(run.results) not in pruned]


def _pruned_records(run: Run) -> Iterable[Record]:
    results = run.results
    section = section_key(results)
    for row in results.pruned:
        method = row.method or str(results.method)
        settings = split(_as_its_own(results, row))
        own = settings.method
        if method == "dense":
            own = {key: value for key, value in own.items() if not key.startswith(OF_PRUNING)}
        yield Record(
            section=section,
            shipped=run.shipped,
            method=FINETUNED_DENSE if method == "dense" else method,
            sparsity=round(row.sparsity, 6),
            unit=(dense_id(results.dense), results.seed),
            settings=own,
            rates=tuple(sorted({rate.lr for rate in row.finetune_rates})) or settings.rates,
            row=row,
            runs=(run,),
        )


def _as_its_own(results: Results, row: PrunedRow) -> Results:
    """The results with the protocol of the method of a row, which the run's own is compared with.

    Where that is not recorded, without what is known to belong to the run's own method.
    """
    if row.method is None or not results.protocol:
        return results
    others = {k: v for k, v in results.protocol.items() if not k.startswith(OF_METHODS)}
    return replace(results, protocol=results.compared.get(row.method, others))


def _choose_rates(records: Sequence[Record]) -> list[Record]:
    """One record for each unit: of several learning rates that with the lowest validation loss."""
    groups: dict[Hashable, list[tuple[int, Record]]] = {}
    for age, record in enumerate(records):
        groups.setdefault(_cell(record), []).append((age, record))
    found = [
        (max(age for age, _ in search), _best([record for _, record in search]))
        for group in groups.values()
        for search in _searches(group)
    ]
    # A search by one run may have the grid of a search by several: the latest counts.
    latest = {_cell(record): record for _, record in sorted(found, key=lambda pair: pair[0])}
    return list(latest.values())


def _cell(record: Record) -> Hashable:
    """Equal for records of which one counts."""
    protocol = canonical(record.settings)
    return record.section, record.shipped, record.method, protocol, record.sparsity, record.unit


def _searches(group: Sequence[tuple[int, Record]]) -> Iterable[Sequence[tuple[int, Record]]]:
    """Runs of one unit that searched one grid together, the latest first.

    A run with a list of rates is a search of its own; those with one rate each are one search.
    Of runs with the same rates the latest counts.
    """
    latest = {record.rates: (age, record) for age, record in group}
    ordered = sorted(latest.values(), key=lambda pair: -pair[0])
    yield from ([pair] for pair in ordered if len(pair[1].rates) > 1)
    if together := [pair for pair in ordered if len(pair[1].rates) <= 1]:
        yield together


def _best(candidates: Sequence[Record]) -> Record:
    best = min(candidates, key=lambda record: _or_infinite(record.row.val_loss))
    grid = tuple(sorted({rate for record in candidates for rate in record.rates}))
    others = [record.run for record in candidates if record is not best]
    return replace(
        best,
        rates=grid,
        settings=best.settings | ({RATES: list(grid)} if grid else {}),
        runs=(best.run, *others),
        at_edge=_at_edge(best.row, grid),
    )


def _or_infinite(loss: float | None) -> float:
    return inf if loss is None else loss


def _at_edge(row: PrunedRow, grid: tuple[float, ...]) -> bool:
    if len(grid) > 1:
        return row.finetune_lr in (grid[0], grid[-1])
    return bool(row.finetune_lr_at_edge)

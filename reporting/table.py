"""From runs to a table: means over seeds."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from statistics import fmean, stdev
from typing import TypeVar

from reporting.schema import METHODS, DenseRow, PrunedRow, Results

FINETUNED_DENSE = "dense, fine-tuned"
ORDER = {name: place for place, name in enumerate((METHODS[0], FINETUNED_DENSE, *METHODS[1:]))}


@dataclass(frozen=True)
class Spread:
    """Mean and sample standard deviation of ``n`` values; the latter is ``None`` for one value."""

    mean: float
    sd: float | None
    n: int

    @classmethod
    def of(cls, values: Iterable[float | None]) -> "Spread | None":
        """Over the values that there are; ``None`` if there are none."""
        known = [value for value in values if value is not None]
        if not known:
            return None
        return cls(fmean(known), stdev(known) if len(known) > 1 else None, len(known))


@dataclass(frozen=True)
class Group:
    """Runs that may be compared: one target, data, setting and kind of dense network.

    Args:
        target: the network that is pruned.
        dataset: the images it classifies.
        data_note: what to know about these images.
        saw_validation: whether the dense network was trained on validation images.
        setting: how networks are pruned, where that is unusual.
    """

    target: str
    dataset: str
    data_note: str | None
    saw_validation: bool
    setting: str | None = None


@dataclass(frozen=True)
class Row:
    """One method at one sparsity.

    Args:
        method: one of ``METHODS``, or ``FINETUNED_DENSE``.
        sparsity: that was asked for.
        test_acc: over seeds, after fine-tuning.
        before_finetune: over seeds, right after pruning.
        weight_sparsity: counted in the files.
        parameter_sparsity: likewise.
    """

    method: str
    sparsity: float
    test_acc: Spread
    before_finetune: Spread | None = None
    weight_sparsity: Spread | None = None
    parameter_sparsity: Spread | None = None


AnyRow = TypeVar("AnyRow", DenseRow, PrunedRow)
Table = dict[Group, list[Row]]


def tabulate(results: Sequence[Results]) -> Table:
    """One list of rows per group, the dense network first.

    Where one seed has several runs of a method at a sparsity, that with the lowest validation loss
    counts (without losses, the last). A dense network counts once, however many runs start from it.
    Runs on some batches only are left out.
    """
    groups: dict[Group, list[Results]] = defaultdict(list)
    for run in results:
        if (run.dense or run.pruned) and not run.debug:
            groups[_group(run)].append(run)
    return {
        group: [*_dense_rows(groups[group]), *_pruned_rows(groups[group])]
        for group in sorted(
            groups, key=lambda g: tuple(str(part or "") for part in vars(g).values())
        )
    }


def _group(run: Results) -> Group:
    saw_validation = bool(run.dense and run.dense.saw_validation)
    return Group(str(run.target), str(run.dataset), run.data_note, saw_validation, run.setting)


def _dense_rows(runs: list[Results]) -> list[Row]:
    seeds: dict[int, DenseRow] = {}
    for run in runs:
        if run.dense:
            seeds[run.seed] = _better(seeds.get(run.seed, run.dense), run.dense)
    test_acc = Spread.of({_fingerprint(dense): dense.test_acc for dense in seeds.values()}.values())
    return [Row("dense", 0.0, test_acc)] if test_acc else []


def _fingerprint(dense: DenseRow) -> tuple[float, float]:
    # Another device gives another last digit.
    return round(dense.test_acc, 5), round(dense.val_loss or 0.0, 4)


def _pruned_rows(runs: list[Results]) -> list[Row]:
    cells: dict[tuple[str, float], dict[int, PrunedRow]] = defaultdict(dict)
    for run in runs:
        for row in run.pruned:
            seeds = cells[_name(run, row), round(row.sparsity, 6)]
            seeds[run.seed] = _better(seeds.get(run.seed, row), row)
    keys = sorted(cells, key=lambda key: (key[0] != FINETUNED_DENSE, key[1], ORDER[key[0]]))
    return [_row(*key, list(cells[key].values())) for key in keys]


def _name(run: Results, row: PrunedRow) -> str:
    method = row.method or str(run.method)
    return FINETUNED_DENSE if method == "dense" else method


def _better(old: AnyRow, new: AnyRow) -> AnyRow:
    old_loss, new_loss = (inf if row.val_loss is None else row.val_loss for row in (old, new))
    return new if new_loss <= old_loss else old


def _row(method: str, sparsity: float, rows: list[PrunedRow]) -> Row:
    test_acc = Spread.of(row.test_acc for row in rows)
    assert test_acc is not None
    return Row(
        method,
        sparsity,
        test_acc,
        before_finetune=Spread.of(row.test_acc_before_finetune for row in rows),
        weight_sparsity=Spread.of(row.weight_sparsity for row in rows),
        parameter_sparsity=Spread.of(row.parameter_sparsity for row in rows),
    )

"""What methods cost: time and memory of their runs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reporting.collect import Run
from reporting.mean_sd import MeanSd
from reporting.networks import Row
from reporting.records import Unit


@dataclass(frozen=True)
class Cost:
    """Of one method with one protocol.

    Args:
        sparsities: how many a dense network and seed were pruned to.
        seconds: for all of them, over pairs of a dense network and a seed; the dense network where
            a run trained it and all learning rates of fine-tuning included. ``None`` where a run
            compared several methods or did not record it.
        finetune_epochs: of fine-tuning with the chosen rate, over networks.
        method_share: fraction of the time that the method took before fine-tuning.
        memory_mb: the peak of all runs.
        devices: that they ran on.
    """

    sparsities: int
    seconds: MeanSd | None
    finetune_epochs: MeanSd | None
    method_share: MeanSd | None
    memory_mb: float | None
    devices: tuple[str, ...]


def cost_of(rows: Sequence[Row]) -> Cost:
    """Of the rows of one method with one protocol, at all sparsities."""
    records = [record for row in rows for record in row.records]
    by_unit: dict[Unit, dict[int, Run]] = {}
    for record in records:
        by_unit.setdefault(record.unit, {}).update({id(run): run for run in record.runs})
    units = [list(runs.values()) for runs in by_unit.values()]
    runs = [run.results for unit in units for run in unit]
    memory = [run.peak_memory_mb for run in runs if run.peak_memory_mb is not None]
    return Cost(
        sparsities=len({row.sparsity for row in rows}),
        seconds=MeanSd.of(map(_seconds, units)),
        finetune_epochs=MeanSd.of(record.row.finetune_epochs for record in records),
        method_share=MeanSd.of(map(_share, units)),
        memory_mb=max(memory, default=None),
        devices=tuple(dict.fromkeys(run.device for run in runs if run.device)),
    )


def _seconds(unit: Iterable[Run]) -> float | None:
    seconds = [None if _several(run) else run.results.wall_seconds for run in unit]
    return None if None in seconds else sum(second or 0.0 for second in seconds)


def _share(unit: Sequence[Run]) -> float | None:
    total = _seconds(unit)
    parts = [run.results.method_seconds for run in unit]
    if not total or None in parts:
        return None
    return min(sum(part or 0.0 for part in parts) / total, 1.0)


def _several(run: Run) -> bool:
    return any(row.method for row in run.results.pruned)

"""Records of pruned and dense networks, one for each dense network and seed."""

from collections.abc import Iterable, Sequence
from math import inf
from typing import Any

import pandas as pd

from reporting.collect import Run
from reporting.identity import RATES, dense_id, name_unrecorded, run_name, split
from reporting.schema import PrunedRow, Results
from reporting.settings import canonical

FINETUNED_DENSE = "dense, fine-tuned"
# Target, data set, remark on it, whether the dense network saw validation images, its settings.
SectionKey = tuple[str, str, str, bool, str]


def section_key(run: Results) -> SectionKey:
    """Runs with one key may be compared."""
    saw_validation = bool(run.dense and run.dense.saw_validation)
    network = canonical(split(run).network)
    return str(run.target), str(run.dataset), run.data_note or "", saw_validation, network


def dense_records(runs: Sequence[Run]) -> pd.DataFrame:
    """One record for each run with a dense network: ``section shipped dense test_acc``."""
    return pd.DataFrame(
        [
            {
                "section": section_key(run.results),
                "shipped": run.shipped,
                "dense": dense_id(run.results.dense),
                "test_acc": run.results.dense.test_acc,
            }
            for run in runs
            if run.results.dense
        ]
    )


def pruned_records(runs: Sequence[Run]) -> pd.DataFrame:
    """One record for each method, protocol, sparsity, dense network and seed."""
    records = pd.DataFrame([record for run in runs for record in _pruned_records(run)])
    if records.empty:
        return records
    cell = ["section", "shipped", "method", "sparsity", "unit"]
    return _choose_rates(name_unrecorded(records, cell))


def without_repeated_dense(runs: Sequence[Run]) -> list[Run]:
    """The runs without those that only trained a dense network that another run prunes."""

    def network(run: Results) -> tuple[object, ...]:
        return run.target, run.dataset, run.data_note, dense_id(run.dense)

    pruned = {network(run.results) for run in runs if run.results.pruned}
    return [run for run in runs if run.results.pruned or network(run.results) not in pruned]


def _pruned_records(run: Run) -> Iterable[dict[str, Any]]:
    results = run.results
    settings = split(results)
    for row in results.pruned:
        method = row.method or str(results.method)
        tried = tuple(sorted({rate.lr for rate in row.finetune_rates})) or settings.rates
        yield {
            "section": section_key(results),
            "shipped": run.shipped,
            "method": FINETUNED_DENSE if method == "dense" else method,
            "sparsity": round(row.sparsity, 6),
            "unit": (dense_id(results.dense), results.seed),
            "settings": settings.method,
            "rates": tried,
            "row": row,
            "run": run_name(run),
            "config_hash": results.config_hash,
        }


def _choose_rates(records: pd.DataFrame) -> pd.DataFrame:
    """One record for each unit: of several learning rates that with the lowest validation loss."""
    records = records.assign(protocol=records["settings"].map(canonical))
    cell = ["section", "shipped", "method", "protocol", "sparsity", "unit"]
    chosen = []
    for _, runs in records.groupby(cell, sort=False):
        for candidates in _searches(runs):
            losses = [inf if row.val_loss is None else row.val_loss for row in candidates["row"]]
            best: dict[str, Any] = candidates.iloc[losses.index(min(losses))].to_dict()  # type: ignore[assignment]
            grid = tuple(sorted(set().union(*candidates["rates"])))
            settings = best["settings"] | ({RATES: list(grid)} if grid else {})
            found = {"rates": grid, "settings": settings, "at_edge": _at_edge(best["row"], grid)}
            chosen.append({**best, **found, "age": candidates.index.max()})
    frame = pd.DataFrame(chosen).sort_values("age", kind="stable")
    # A search by one run may have the grid of a search by several.
    return frame.assign(protocol=frame["settings"].map(canonical)).drop_duplicates(
        cell, keep="last"
    )


def _searches(runs: pd.DataFrame) -> Iterable[pd.DataFrame]:
    """Runs of one unit that searched one grid together, the latest first.

    A run with a list of rates is a search of its own; those with one rate each are one search.
    Of runs with the same rates the latest counts.
    """
    latest = runs.drop_duplicates("rates", keep="last")[::-1]
    several = latest["rates"].map(len) > 1
    yield from (latest.loc[[index]] for index in latest.index[several])
    if not several.all():
        yield latest[~several]


def _at_edge(row: PrunedRow, grid: tuple[float, ...]) -> bool:
    if len(grid) > 1:
        return row.finetune_lr in (grid[0], grid[-1])
    return bool(row.finetune_lr_at_edge)

"""Table of predictors of accuracy: means over seeds."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, cast

import pandas as pd

from reporting.calibration import mean_errors
from reporting.collect import Run
from reporting.identity import name_unrecorded, run_name, split
from reporting.mean_sd import MeanSd
from reporting.predictor_intervals import Bootstrapped, bootstrapped
from reporting.predictor_rows import (
    BASELINE,
    FINETUNED,
    PredictorRow,
    PredictorSection,
    PredictorTable,
)
from reporting.schema import Results
from reporting.settings import Settings, canonical, labels, shared_settings

NEEDED = ("kendall_tau", "r2", "mae")


SectionKey = tuple[str, str, str, int, str]


def tabulate_predictors(runs: Iterable[Run]) -> PredictorTable:
    """One section for each zoo, label and number of networks to train.

    Runs are averaged if they differ in nothing but the seed; a run that was repeated counts once,
    the latest. Runs on some batches only are left out, and those that :func:`without_scores`
    counts.
    """
    counted = [run for run in runs if _counts(run.results) and _has_scores(run.results)]
    records = pd.DataFrame([_record(run) for run in counted])
    if records.empty:
        return []
    same = ["section", "shipped", "predictor", "parameters"]
    settings = name_unrecorded(
        cells=list(records[[*same, "seed"]].itertuples(index=False, name=None)),
        settings=list(records["settings"]),
        names=list(records["run"]),
        hashes=list(records["config_hash"]),
    )
    records = records.assign(settings=pd.Series(settings, index=records.index, dtype=object))
    records = records.assign(protocol=records["settings"].map(canonical))
    records = records.drop_duplicates([*same, "protocol", "seed"], keep="last")
    data = {_section_key(run.results): _data_settings(run.results) for run in counted}
    variants: dict[SectionKey, str] = {}
    label: dict[tuple[str, str, str], str] = {}
    # Over all sections of a zoo, so that a predictor has one name in all of them.
    for zoo in {key[0] for key in data}:
        keys = [key for key in data if key[0] == zoo]
        variants |= zip(keys, labels([("", data[key]) for key in keys]), strict=True)
        label |= _labels(zoo, records[[section[0] == zoo for section in records["section"]]])
    return [
        _section(key, variants[key], data[key], records[records["section"] == key], label)
        for key in sorted(data)
    ]


def without_scores(runs: Sequence[Run]) -> int:
    """Number of predictors that are in no table because their scores are NaN, thus not written."""
    return sum(_counts(run.results) and not _has_scores(run.results) for run in runs)


def _counts(run: Results) -> bool:
    return run.predictor is not None and not run.debug


def _has_scores(run: Results) -> bool:
    return all(name in run.metrics for name in NEEDED)


def _section_key(run: Results) -> SectionKey:
    count = int(run.metrics.get("train_networks", 0))
    data = canonical(_data_settings(run))
    return str(run.dataset), run.data_note or "", run.label or "", count, data


def _data_settings(run: Results) -> Settings:
    # The number of training runs shows in that of networks.
    return {k: v for k, v in split(run).network.items() if k != "data.train_runs"}


def _record(run: Run) -> dict[str, Any]:
    results = run.results
    before = f"{FINETUNED}{results.finetuned_from}" if results.finetuned_from else ""
    return {
        "section": _section_key(results),
        "shipped": run.shipped,
        "predictor": f"{results.predictor}{before}",
        "parameters": int(results.metrics.get("parameters", 0)),
        "settings": split(results).method,
        "seed": results.seed,
        "source": run,
        "run": run_name(run),
        "config_hash": results.config_hash,
        **{name: results.metrics[name] for name in NEEDED},
    }


def _labels(zoo: str, records: pd.DataFrame) -> dict[tuple[str, str, str], str]:
    """Labels by zoo, predictor and protocol."""
    unique = records.drop_duplicates(["predictor", "protocol"])
    names = labels(list(zip(unique["predictor"], unique["settings"], strict=True)))
    keys = zip(unique["predictor"], unique["protocol"], strict=True)
    return {(zoo, *key): name for key, name in zip(keys, names, strict=True)}


def _section(
    key: SectionKey,
    variant: str,
    data: Settings,
    records: pd.DataFrame,
    label: dict[tuple[str, str, str], str],
) -> PredictorSection:
    rows = []
    keys = ["predictor", "protocol", "parameters", "shipped"]
    for found, runs in records.groupby(keys, sort=False):
        predictor, protocol, parameters, shipped = cast(tuple[str, str, int, bool], found)
        name = label[key[0], predictor, protocol]
        row = _row(predictor, name, int(parameters), bool(shipped), runs)
        rows.append((row, bootstrapped(dict(zip(runs["seed"], runs["source"], strict=True)))))
    common = {**data, **shared_settings(list(records["settings"]))}
    dataset, note, learnt, networks, _ = key
    about = (dataset, note or None, learnt or None, networks or None, variant, common)
    return PredictorSection(*about, _with_differences(rows))


def _row(
    predictor: str, label: str, parameters: int, shipped: bool, runs: pd.DataFrame
) -> PredictorRow:
    tau, r2, mae = (MeanSd.of(runs[name]) for name in NEEDED)
    assert tau and r2 and mae
    by_seed = dict(zip(runs["seed"], runs["kendall_tau"], strict=True))
    return PredictorRow(
        predictor,
        label,
        parameters or None,
        kendall_tau=tau,
        r2=r2,
        mae=mae,
        shipped=shipped,
        by_seed=by_seed,
        seconds=MeanSd.of(run.results.wall_seconds for run in runs["source"]),
        good_tau=MeanSd.of(run.results.metrics.get("good_kendall_tau") for run in runs["source"]),
        errors=mean_errors(run.folder for run in runs["source"]),
    )


def _with_differences(
    rows: Sequence[tuple[PredictorRow, Bootstrapped | None]],
) -> tuple[PredictorRow, ...]:
    """Rows with their intervals and their differences from the baseline, the best first."""
    compared = []
    for row, resampled in rows:
        baselines = [p for p in rows if p[0].predictor == BASELINE and p[0].shipped == row.shipped]
        found = replace(
            row,
            tau_interval=resampled.tau_interval if resampled else None,
            r2_interval=resampled.r2_interval if resampled else None,
        )
        if len(baselines) == 1 and row.predictor != BASELINE:
            found = _compared(found, resampled, *baselines[0])
        compared.append(found)
    return tuple(sorted(compared, key=lambda row: -row.kendall_tau.mean))


def _compared(
    row: PredictorRow,
    resampled: Bootstrapped | None,
    baseline: PredictorRow,
    other: Bootstrapped | None,
) -> PredictorRow:
    seeds = sorted(row.by_seed.keys() & baseline.by_seed.keys())
    same = row.by_seed.keys() == baseline.by_seed.keys()
    return replace(
        row,
        difference=MeanSd.of(row.by_seed[seed] - baseline.by_seed[seed] for seed in seeds),
        difference_interval=resampled.difference_from(other)
        if resampled and other and same
        else None,
    )

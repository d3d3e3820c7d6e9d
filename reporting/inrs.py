"""Tables of editors and classifiers of INRs: means over seeds."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reporting.collect import Run
from reporting.identity import split
from reporting.mean_sd import MeanSd
from reporting.schema import Results
from reporting.settings import Settings, canonical, labels, shared_settings

EDITING, CLASSIFICATION = "editing", "classification"
# What editors are measured against, and where their results have it.
WITHOUT = {
    "the best constant of each image": "test_constant_mse",
    "the INRs as they are": "test_unedited_mse",
}


@dataclass(frozen=True)
class INRRow:
    """One method with one protocol on test INRs.

    Args:
        method: its name.
        label: the settings that other rows of the section have with other values.
        parameters: their number; ``None`` where nothing is trained.
        score: over seeds: mean squared error of editors, accuracy of classifiers.
        loss: over seeds, cross-entropy of classifiers.
    """

    method: str
    label: str
    parameters: int | None
    score: MeanSd
    loss: MeanSd | None = None

    @property
    def name(self) -> str:
        """The method with its label."""
        return f"{self.method} ({self.label})" if self.label else self.method


@dataclass(frozen=True)
class INRSection:
    """Methods that may be compared: one task on the same INRs.

    Args:
        task: ``editing`` or ``classification``.
        dataset: the INRs.
        data_note: a remark on them.
        shared: the settings of all rows.
        rows: the best last.
    """

    task: str
    dataset: str
    data_note: str | None
    shared: Settings
    rows: tuple[INRRow, ...]


INRTable = Sequence[INRSection]


def tabulate_inrs(runs: Iterable[Run]) -> INRTable:
    """One section for each task and set of INRs.

    Runs are averaged if they differ in nothing but the seed; a run that was repeated counts once,
    the latest. Runs on some batches only are left out.
    """
    sections: dict[tuple[str, str, str, str], list[Results]] = defaultdict(list)
    for run in runs:
        results = run.results
        if (task := _task(results)) and not results.debug:
            data = canonical(split(results).network)
            key = (task, str(results.dataset), results.data_note or "", data)
            sections[key].append(results)
    return [_section(key, found) for key, found in sorted(sections.items())]


def _task(results: Results) -> str | None:
    if "test_unedited_mse" in results.metrics:
        return EDITING
    return CLASSIFICATION if {"test_acc", "train_inrs"} <= results.metrics.keys() else None


def _section(key: tuple[str, str, str, str], found: Sequence[Results]) -> INRSection:
    task, dataset, note, _ = key
    by_variant: dict[tuple[str, str], dict[int, Results]] = defaultdict(dict)
    for results in found:
        variant = (str(results.setting), canonical(split(results).method))
        by_variant[variant][results.seed] = results
    runs = [list(by_seed.values()) for by_seed in by_variant.values()]
    methods = [(str(own[0].setting), split(own[0]).method) for own in runs]
    rows = [
        _row(task, method, label, own)
        for (method, _), label, own in zip(methods, labels(methods), runs, strict=True)
    ]
    if task == EDITING:
        rows += _without_editing(found[-1])
    worst_first = sorted(rows, key=lambda row: row.score.mean, reverse=task == EDITING)
    shared = {**split(found[0]).network, **shared_settings([settings for _, settings in methods])}
    return INRSection(task, dataset, note or None, shared, tuple(worst_first))


def _row(task: str, method: str, label: str, runs: Sequence[Results]) -> INRRow:
    name = "test_mse" if task == EDITING else "test_acc"
    score = MeanSd.of(run.metrics[name] for run in runs)
    assert score is not None
    parameters = runs[0].metrics.get("parameters")
    return INRRow(
        method,
        label,
        None if parameters is None else int(parameters),
        score,
        MeanSd.of(run.metrics.get("test_loss") for run in runs),
    )


def _without_editing(results: Results) -> list[INRRow]:
    """What no seed changes."""
    found = {name: MeanSd.of([results.metrics.get(key)]) for name, key in WITHOUT.items()}
    return [INRRow(name, "", None, score) for name, score in found.items() if score]

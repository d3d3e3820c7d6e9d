"""From runs that trained predictors to a table: means over seeds."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from reporting.schema import Results
from reporting.table import Spread

# What others are compared with, where it is there.
REFERENCE = "StatNN"
NEEDED = ("kendall_tau", "r2", "mae")
# Labels that what steers pruning must not have seen.
TEST_LABEL = "test_accuracy"


@dataclass(frozen=True)
class PredictorGroup:
    """Predictors that may be compared: the same networks to train on, with the same labels.

    Args:
        dataset: the zoo.
        data_note: what to know about it.
        train_networks: how many networks they were trained on.
        label: the accuracies that they learnt; ``None`` for runs that did not write it down.
    """

    dataset: str
    data_note: str | None
    train_networks: int | None
    label: str | None = None


@dataclass(frozen=True)
class PredictorLine:
    """One predictor, on test networks.

    Args:
        predictor: its name, and what it had been trained on before.
        parameters: how many it has.
        kendall_tau: over seeds.
        r2: over seeds.
        mae: over seeds, a fraction.
        difference: of ``kendall_tau`` and that of :data:`REFERENCE` with the same seed, over the
            seeds that both have; ``None`` for the reference itself.
    """

    predictor: str
    parameters: int | None
    kendall_tau: Spread
    r2: Spread
    mae: Spread
    difference: Spread | None = None


PredictorTable = dict[PredictorGroup, list[PredictorLine]]
BySeed = dict[int, Results]


def tabulate_predictors(results: Sequence[Results]) -> PredictorTable:
    """One list of lines per group, the best predictor first.

    Where one seed has several runs of a predictor of one size, that with the highest τ on
    validation networks counts. Runs on some batches only are left out, and those that
    :func:`without_scores` counts. What was fine-tuned and what was new are two predictors.
    """
    groups: dict[PredictorGroup, dict[tuple[str, int], BySeed]] = defaultdict(
        lambda: defaultdict(dict)
    )
    for run in results:
        if _counts(run) and _has_scores(run):
            seeds = groups[_group(run)][_name(run), _count(run, "parameters") or 0]
            seeds[run.seed] = max(seeds.get(run.seed, run), run, key=_on_validation)
    return {group: _lines(groups[group]) for group in sorted(groups, key=_order)}


def without_scores(results: Sequence[Results]) -> int:
    """How many predictors have no number in the table: theirs are NaN, which is not written."""
    return sum(_counts(run) and not _has_scores(run) for run in results)


def _counts(run: Results) -> bool:
    return run.predictor is not None and not run.debug


def _has_scores(run: Results) -> bool:
    return all(name in run.metrics for name in NEEDED)


def _name(run: Results) -> str:
    before = f", fine-tuned from {run.finetuned_from}" if run.finetuned_from else ""
    return f"{run.predictor}{before}"


def _group(run: Results) -> PredictorGroup:
    count = _count(run, "train_networks")
    return PredictorGroup(str(run.dataset), run.data_note, count, run.label)


def _order(group: PredictorGroup) -> tuple[str, str, str, int]:
    return group.dataset, group.data_note or "", group.label or "", group.train_networks or 0


def _count(run: Results, name: str) -> int | None:
    return int(run.metrics[name]) if name in run.metrics else None


def _on_validation(run: Results) -> float:
    return run.metrics.get("val_kendall_tau", -inf)


def _lines(runs: dict[tuple[str, int], BySeed]) -> list[PredictorLine]:
    reference = next((seeds for (name, _), seeds in runs.items() if name == REFERENCE), {})
    lines = [
        PredictorLine(
            name,
            parameters or None,
            kendall_tau=_spread(seeds, "kendall_tau"),
            r2=_spread(seeds, "r2"),
            mae=_spread(seeds, "mae"),
            difference=None if name == REFERENCE else _difference(seeds, reference),
        )
        for (name, parameters), seeds in runs.items()
    ]
    return sorted(lines, key=lambda line: -line.kendall_tau.mean)


def _spread(seeds: BySeed, metric: str) -> Spread:
    spread = Spread.of(run.metrics[metric] for run in seeds.values())
    assert spread is not None
    return spread


def _difference(seeds: BySeed, reference: BySeed) -> Spread | None:
    common = sorted(seeds.keys() & reference.keys())
    return Spread.of(
        seeds[seed].metrics["kendall_tau"] - reference[seed].metrics["kendall_tau"]
        for seed in common
    )

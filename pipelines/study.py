"""The study of a search: which jobs it asks for, and what it learns from them."""

import json
import logging
from collections import defaultdict
from collections.abc import Iterable
from math import isfinite
from pathlib import Path
from typing import Any

from hydra.core.override_parser.types import IntervalSweep, Override
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from pipelines.job_folder import job_folder
from pipelines.trial import JOB, VARIABLE

try:
    import optuna
    from optuna.distributions import (
        BaseDistribution,
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )
    from optuna.trial import Trial, TrialState
except ImportError as error:
    raise ValueError('hydra/sweeper=optuna needs Optuna: pip install -e ".[optuna]"') from error

log = logging.getLogger(__name__)

# The attribute of a trial that has the number of the one that it repeats.
REPEATS = "repeats"


class Study:
    """An Optuna study whose trials are jobs with overrides.

    Args:
        study_name: of the study in its storage, where it is found again.
        storage: an URL that Optuna knows.
        pruner: the config of what stops bad trials, for the jobs; ``None`` for nothing.
        overrides: of the sweep, of each key the last; those with several values, or an interval,
            are searched.
        sampler: the config of the sampler, which gets a seed.
        seed: of the sampler. Each new trial is proposed by a sampler of its own, so that a study
            that was stopped goes on as if it had not been.

    Attributes:
        environment: what jobs need to know, as environment variables.

    Raises:
        ValueError: if there is nothing to search.
    """

    def __init__(
        self,
        study_name: str,
        storage: str,
        *,
        pruner: DictConfig | None,
        overrides: Iterable[Override],
        sampler: DictConfig,
        seed: int,
    ) -> None:
        by_key = {override.get_key_element(): override for override in overrides}
        searched = {key: o for key, o in by_key.items() if o.is_sweep_override()}
        if not searched:
            raise ValueError(
                "nothing to search: give a key several values, such as optimizer.lr=1e-3,1e-4, or "
                "an interval, such as 'optimizer.lr=tag(log, interval(1e-5, 1e-2))'"
            )
        self._space = {key: distribution(override) for key, override in searched.items()}
        self._fixed = [str(o.input_line) for key, o in by_key.items() if key not in searched]
        self._sampler = instantiate(sampler)
        self._seed = seed
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._study = optuna.create_study(
            study_name=study_name, storage=storage, load_if_exists=True
        )
        place: dict[str, Any] = {"study_name": study_name, "storage": storage}
        place["pruner"] = OmegaConf.to_container(pruner, resolve=True) if pruner else None
        self.environment = {VARIABLE: json.dumps(place)}

    def repeat_unfinished(self) -> int:
        """Plan to repeat trials that were interrupted or failed; the number of all others."""
        for trial in self._trials(TrialState.RUNNING):
            self._study.tell(trial.number, state=TrialState.FAIL)
        repeated = {trial.user_attrs.get(REPEATS) for trial in self._trials()}
        for trial in self._trials(TrialState.FAIL):
            if trial.number not in repeated:
                self._study.enqueue_trial(trial.params, user_attrs={REPEATS: trial.number})
        return len(self._trials(TrialState.COMPLETE, TrialState.PRUNED))

    def ask(self, number: int) -> dict[tuple[str, ...], list[Trial]]:
        """So many trials, by the overrides of the jobs that they need."""
        jobs = defaultdict(list)
        for _ in range(number):
            new = sum(REPEATS not in trial.user_attrs for trial in self._trials())
            self._study.sampler = self._sampler(seed=self._seed + new)
            trial = self._study.ask(self._space)
            overrides = (*self._fixed, *(f"{key}={value}" for key, value in trial.params.items()))
            trial.set_user_attr(JOB, job_folder(overrides))
            jobs[overrides].append(trial)
        return dict(jobs)

    def tell(self, trials: Iterable[Trial], objective: float | None) -> None:
        """What a job found; ``None`` if it failed, or was stopped as a bad trial."""
        value = objective if objective is not None and isfinite(objective) else None
        state = TrialState.FAIL if value is None else TrialState.COMPLETE
        for trial in trials:
            told = self._study.tell(trial, value, state, skip_if_finished=True)
            what = told.state.name.lower() if value is None else f"{value:.6g}"
            log.info("trial %d: %s with %s", told.number, what, _readable(told.params))

    def conclude(self, file: Path) -> None:
        """Name the best trial, and write it to a file.

        Raises:
            ValueError: if none was finished.
        """
        if not self._trials(TrialState.COMPLETE):
            raise ValueError("no trial of the search was finished with a validation loss")
        best = self._study.best_trial
        log.info("best of %d trials: %.6g with %s", len(self._trials()), best.value, best.params)
        found: dict[str, Any] = {"name": "optuna", "best_params": best.params}
        found |= {"best_value": best.value, "best_job": best.user_attrs[JOB]}
        OmegaConf.save(OmegaConf.create(found), file)

    def _trials(self, *states: TrialState) -> list[optuna.trial.FrozenTrial]:
        return self._study.get_trials(deepcopy=False, states=states or None)


def distribution(override: Override) -> BaseDistribution:
    """The distribution of an override with several values.

    ``interval(a, b)`` has all numbers between, ``int(interval(a, b))`` the whole ones, and
    ``tag(log, interval(a, b))`` has them by their logarithm. All others are choices.
    """
    value = override.value()
    if not isinstance(value, IntervalSweep):
        return CategoricalDistribution(list(override.sweep_string_iterator()))
    assert value.start is not None and value.end is not None
    whole = isinstance(value.start, int) and isinstance(value.end, int)
    kind: Any = IntDistribution if whole else FloatDistribution
    return kind(value.start, value.end, log="log" in value.tags)


def _readable(params: dict[str, Any]) -> str:
    return " ".join(f"{key}={value}" for key, value in params.items())

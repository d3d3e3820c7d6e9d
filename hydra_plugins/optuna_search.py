"""Hydra's sweeper ``hydra/sweeper=optuna``: jobs are the trials of a study.

Unlike the plugin ``hydra-optuna-sweeper``, it works with current versions of Optuna, stops bad
trials early, and goes on with a study that was stopped. Hydra finds it here by the folder's name.
"""

import os
from pathlib import Path
from typing import Any
from unittest import mock

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from pipelines.lock import locked


class OptunaSearch(Sweeper):
    """Search for the values with the lowest objective.

    A study is kept in the sweep's folder. A trial that was interrupted or failed in an earlier
    session is repeated, in the folder of its job, where it goes on; the same values are proposed
    as without the interruption.

    Args:
        n_trials: how many trials are finished or stopped early in the end.
        n_jobs: how many are launched at once, counted as joblib does.
        study_name: of the study in the storage.
        storage: an URL that Optuna knows.
        seed: of the sampler.
        sampler: the config of Optuna's sampler, without its seed.
        pruner: the config of what stops bad trials, if anything does.
        params: a search space, by key; the command line adds to it and replaces it.
    """

    def __init__(
        self,
        *,
        n_trials: int,
        n_jobs: int,
        study_name: str,
        storage: str,
        seed: int,
        sampler: DictConfig,
        pruner: DictConfig | None,
        params: DictConfig | None,
    ) -> None:
        self.n_trials = n_trials
        self.n_jobs = n_jobs
        self.seed = seed
        self.sampler = sampler
        self.params: Any = params or {}
        self.pruner = pruner
        self.study_name = study_name
        self.storage = storage

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Get ready, as Hydra asks for."""
        from hydra.core.plugins import Plugins

        self.config = config
        self.hydra_context = hydra_context
        self.launcher: Launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> None:
        """Launch jobs until the study has its trials.

        Raises:
            ValueError: if Optuna is not installed, there is nothing to search, or no trial was
                finished.
            Exception: that of the first job that failed, after the others are done.
        """
        # Here, because it takes long, and Hydra imports this module for every command.
        from pipelines.machine_share import jobs_at_once
        from pipelines.study import Study

        assert self.config is not None and self.hydra_context is not None
        folder = Path(self.config.hydra.sweep.dir)
        lines = [*(f"{key!s}={value}" for key, value in self.params.items()), *arguments]
        overrides = OverridesParser.create(
            config_loader=self.hydra_context.config_loader
        ).parse_overrides(lines)
        with locked(folder):
            OmegaConf.save(self.config, folder / "multirun.yaml")
            study = Study(
                self.study_name,
                self.storage,
                pruner=self.pruner,
                overrides=overrides,
                sampler=self.sampler,
                seed=self.seed,
            )
            with mock.patch.dict(os.environ, study.environment):
                failed = self._launch(study, jobs_at_once(self.n_jobs))
            for one in failed:
                _ = one.return_value  # Raises what the job did.
            study.conclude(folder / "optimization_results.yaml")

    def _launch(self, study: Any, at_once: int) -> list[JobReturn]:
        to_go = self.n_trials - study.repeat_unfinished()
        failed, launched = [], 0
        while to_go > 0:
            jobs = study.ask(min(to_go, at_once))
            returned = self.launcher.launch(list(jobs), initial_job_idx=launched)
            launched += len(jobs)
            for trials, one in zip(jobs.values(), returned, strict=True):
                done = one.status == JobStatus.COMPLETED
                study.tell(trials, one.return_value if done else None)
                failed += [] if done else [one]
                to_go -= len(trials)
        return failed

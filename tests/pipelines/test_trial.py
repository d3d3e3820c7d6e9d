import os
from functools import partial
from types import SimpleNamespace

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from pipelines.trial import VARIABLE, TrialStopped, epoch_reports, give_up, report

optuna = pytest.importorskip("optuna", reason='comes with pip install -e ".[optuna]"')

from pipelines.study import Study  # noqa: E402

PRUNER = {
    "_target_": "pipelines.median_pruner.MedianAtStep",
    "n_startup_trials": 1,
    "n_warmup_steps": 0,
}


class Processes:
    """One process, the first or not, of which the first has seen a reason to stop or not."""

    def __init__(self, is_first=True, said=None):
        self.is_first, self.said = is_first, said

    def broadcast(self, value):
        return value if self.is_first else self.said


@pytest.fixture
def study(make):
    return make(OmegaConf.create(PRUNER))


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Makes a study, and this process one of its jobs."""
    return partial(opened, tmp_path, monkeypatch)


def opened(tmp_path, monkeypatch, pruner):
    study = Study(
        "s",
        f"sqlite:///{tmp_path}/study.db",
        pruner=pruner,
        overrides=OverridesParser.create().parse_overrides(["a=interval(0.0,1.0)"]),
        sampler=OmegaConf.create({"_target_": "optuna.samplers.RandomSampler", "_partial_": True}),
        seed=0,
    )
    for name, content in study.environment.items():
        monkeypatch.setenv(name, content)
    return study


@pytest.fixture
def started(study, tmp_path):
    """Starts a job of the study."""

    def started(processes=None, study=study):
        ((_, (trial,)),) = study.ask(1).items()
        folder = tmp_path / trial.user_attrs["job"]
        return SimpleNamespace(folder=folder, processes=processes or Processes()), trial

    return started


def state(trial):
    return trial.study.trials[trial.number].state.name


def test_a_job_is_stopped_where_it_is_worse_than_the_median(study, started):
    first, trial = started()
    report(first, 1, 2.0, where="there")
    report(first, 2, 4.0, where="there")
    study.tell([trial], 3.0)
    second, trial = started()
    report(second, 1, 1.9, where="there")
    with pytest.raises(TrialStopped, match="4.1 there is worse than other trials"):
        report(second, 2, 4.1, where="there")
    assert state(trial) == "PRUNED"
    assert trial.study.trials[trial.number].intermediate_values == {1: 1.9, 2: 4.1}


def test_without_a_pruner_no_job_is_stopped(make, started):
    study = make(None)
    for value in (1.0, 9.0):
        run, trial = started(study=study)
        report(run, 1, value, where="there")
        study.tell([trial], value)
        assert state(trial) == "COMPLETE"


def test_what_cannot_be_measured_is_worse_than_anything(study, started):
    first, trial = started()
    report(first, 1, 1e9, where="there")
    study.tell([trial], 1e9)
    with pytest.raises(TrialStopped):
        report(started()[0], 1, None, where="there")


def test_a_job_that_goes_on_may_report_again(started):
    run, trial = started()
    for value in (1.0, 2.0):
        report(run, 1, value, where="there")
    assert trial.study.trials[0].intermediate_values == {1: 1.0}


def test_a_job_that_cannot_go_on_is_a_bad_trial(started):
    run, trial = started()
    with pytest.raises(TrialStopped, match="diverged"):
        give_up(run, "diverged")
    assert state(trial) == "PRUNED"


def test_all_processes_of_a_job_stop(started):
    report(started(Processes(is_first=False))[0], 1, 1.0, where="there")
    with pytest.raises(TrialStopped, match="because"):
        report(started(Processes(is_first=False, said="because"))[0], 1, 1.0, where="there")


def test_jobs_of_others_and_runs_without_a_search_go_on(started, monkeypatch, tmp_path):
    stranger = SimpleNamespace(folder=tmp_path / "other", processes=Processes())
    report(stranger, 1, 1.0, where="there")
    give_up(stranger, "diverged")
    assert len(epoch_reports(stranger, "val/loss", "min")) == 1
    monkeypatch.delenv(VARIABLE)
    run, trial = started()
    report(run, 1, 1.0, where="there")
    give_up(run, "diverged")
    assert epoch_reports(run, "val/loss", "min") == []
    assert state(trial) == "RUNNING" and VARIABLE not in os.environ


@pytest.mark.parametrize(("mode", "sign"), [("min", 1), ("max", -1)])
def test_a_metric_is_reported_after_every_epoch(started, mode, sign):
    run, trial = started()
    (callback,) = epoch_reports(run, "val/tau", mode)
    trainer = SimpleNamespace(current_epoch=3, callback_metrics={"val/tau": 0.25})
    callback.on_train_epoch_end(trainer, None)
    assert trial.study.trials[0].intermediate_values == {3: sign * 0.25}

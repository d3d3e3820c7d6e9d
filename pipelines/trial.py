"""The trial of a search (``hydra/sweeper=optuna``) that a job is, as the job sees it."""

import json
import os
from math import inf
from typing import TYPE_CHECKING, Any

from hydra.utils import instantiate

if TYPE_CHECKING:
    from lightning import Callback

    from pipelines.run import Run

# Set by a search for its jobs: where its study is, and what stops bad trials.
VARIABLE = "SCALEGMN_STUDY"
# The attribute of a trial that names the folder of its job.
JOB = "job"


class TrialStopped(Exception):
    """The search that a job belongs to has seen enough of it; the text says why."""


def report(run: "Run", step: int, value: float | None, *, where: str) -> None:
    """Let the search know how good this job is so far; nothing happens without a search.

    Args:
        run: the job's.
        step: grows from one to the next; trials are compared where they have the same.
        value: lower is better; ``None`` for one that cannot be measured.
        where: the step in words.

    Raises:
        TrialStopped: on all processes, if it is not worth going on.
    """
    if VARIABLE in os.environ:
        value = inf if value is None else value
        is_bad = _report(run, step, value)
        _agree(run, f"{value:.4g} {where} is worse than other trials there" if is_bad else None)


def give_up(run: "Run", reason: str) -> None:
    """Stop a job that cannot go on, if it belongs to a search: other trials are better.

    Raises:
        TrialStopped: on all processes, with the reason.
    """
    if VARIABLE in os.environ:
        trial = _own_trial(run)
        if trial is not None:
            _stop(trial)
        _agree(run, reason if trial is not None else None)


def epoch_reports(run: "Run", monitor: str, mode: str) -> list["Callback"]:
    """Callbacks that report a metric after every epoch; none without a search.

    For fits whose metric is what the search minimises, or maximises with ``mode="max"``.
    """
    if VARIABLE not in os.environ:
        return []
    from lightning.pytorch.callbacks import LambdaCallback

    sign = 1.0 if mode == "min" else -1.0

    def after_epoch(trainer: Any, _: Any) -> None:
        epoch = trainer.current_epoch
        value = sign * float(trainer.callback_metrics[monitor])
        report(run, epoch, value, where=f"after epoch {epoch + 1}")

    return [LambdaCallback(on_train_epoch_end=after_epoch)]


def _report(run: "Run", step: int, value: float) -> bool:
    """Report a value, and stop the trial if that is bad."""
    trial = _own_trial(run)
    # Of one of several seeds, only the mean is compared.
    if trial is None or trial.user_attrs.get(JOB) != run.folder.name:
        return False
    # A job that goes on where it was stopped reports some things again.
    if step not in trial.study.trials[trial.number].intermediate_values:
        trial.report(value, step)
    if is_bad := trial.should_prune():
        _stop(trial)
    return is_bad


def _stop(trial: Any) -> None:
    from optuna.trial import TrialState

    trial.study.tell(trial.number, state=TrialState.PRUNED)


def _own_trial(run: "Run") -> Any:
    """This job's trial; ``None`` on other processes than the first."""
    if not run.processes.is_first:
        return None
    import optuna
    from optuna.trial import Trial, TrialState

    place = json.loads(os.environ[VARIABLE])
    pruner = instantiate(place.pop("pruner")) or optuna.pruners.NopPruner()
    study = optuna.load_study(**place, pruner=pruner)
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if trial.user_attrs.get(JOB) in (run.folder.name, run.folder.parent.name):
            return Trial(study, trial._trial_id)
    return None


def _agree(run: "Run", reason: str | None) -> None:
    reason = run.processes.broadcast(reason)
    if reason is not None:
        raise TrialStopped(reason)

import pytest

optuna = pytest.importorskip("optuna", reason='comes with pip install -e ".[optuna]"')

from pipelines.median_pruner import MedianAtStep  # noqa: E402


@pytest.fixture
def study():
    """Three finished trials, whose values rise from step to step, and one that was stopped."""
    study = optuna.create_study()
    for values in ([1.0, 5.0], [2.0, 6.0], [3.0, 7.0], [4.0]):
        trial = study.ask()
        for step, value in enumerate(values):
            trial.report(value, step)
        whole = len(values) == 2
        state = optuna.trial.TrialState.COMPLETE if whole else optuna.trial.TrialState.PRUNED
        study.tell(trial, values[-1] if whole else None, state)
    return study


def is_stopped(study, *values, **settings):
    trial = study.ask()
    for step, value in enumerate(values):
        trial.report(value, step)
    settings = {"n_warmup_steps": 0, **settings}
    return MedianAtStep(**settings).prune(study, study.trials[-1])


@pytest.mark.parametrize(
    ("values", "stopped"),
    [([2.5], False), ([2.6], True), ([1.0, 6.0], False), ([1.0, 6.1], True), ([], False)],
)
def test_the_latest_value_is_compared_with_others_at_its_step(study, values, stopped):
    # Optuna's own would never stop the fourth, whose first value is low.
    assert is_stopped(study, *values, n_startup_trials=3) is stopped


def test_enough_others_must_have_come_as_far(study):
    assert is_stopped(study, 9.0, n_startup_trials=4)
    assert not is_stopped(study, 1.0, 9.0, n_startup_trials=4)
    assert not is_stopped(study, 1.0, 9.0, 9.0, n_startup_trials=0)


def test_first_steps_are_not_looked_at(study):
    assert not is_stopped(study, 9.0, n_startup_trials=1, n_warmup_steps=1)
    assert is_stopped(study, 9.0, 9.0, n_startup_trials=1, n_warmup_steps=1)


@pytest.mark.parametrize("name", ["n_startup_trials", "n_warmup_steps"])
def test_numbers_below_0_are_refused(name):
    with pytest.raises(ValueError, match=f"{name} must be at least 0, got -1"):
        MedianAtStep(**{name: -1})

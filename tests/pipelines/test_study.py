import json

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from pipelines.job_folder import job_folder

optuna = pytest.importorskip("optuna", reason='comes with pip install -e ".[optuna]"')

from pipelines.study import Study, distribution  # noqa: E402
from pipelines.trial import VARIABLE  # noqa: E402

SPACE = ["seed=7", "a=interval(0.0,1.0)", "b=x,y"]
SAMPLER = OmegaConf.create({"_target_": "optuna.samplers.TPESampler", "_partial_": True})


def parsed(*lines):
    return OverridesParser.create().parse_overrides(list(lines))


@pytest.fixture
def make(tmp_path):
    """A study of one of the storages, as a session opens it."""

    def make(name="one", space=SPACE, pruner=None, seed=0):
        storage = f"sqlite:///{tmp_path}/{name}.db"
        overrides = parsed(*space)
        return Study("s", storage, pruner=pruner, overrides=overrides, sampler=SAMPLER, seed=seed)

    yield make


def value(overrides):
    """An objective."""
    return float(overrides[1].partition("=")[2]) + (overrides[2] == "b=x")


def finish(study, number):
    """Run so many trials, one after the other; the overrides of their jobs."""
    ran = []
    for _ in range(number):
        ((overrides, trials),) = study.ask(1).items()
        study.tell(trials, value(overrides))
        ran.append(overrides)
    return ran


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a=int(interval(1,8))", optuna.distributions.IntDistribution(1, 8)),
        ("a=interval(0.5,8)", optuna.distributions.FloatDistribution(0.5, 8)),
        (
            "a=tag(log, interval(1e-5, 1e-2))",
            optuna.distributions.FloatDistribution(1e-5, 1e-2, log=True),
        ),
        (
            "a=1e-3,null,[1,2]",
            optuna.distributions.CategoricalDistribution(["0.001", "null", "[1,2]"]),
        ),
        ("a=range(1,4)", optuna.distributions.CategoricalDistribution(["1", "2", "3"])),
    ],
)
def test_the_search_space_is_what_the_command_line_says(line, expected):
    assert distribution(*parsed(line)) == expected


def test_a_job_has_what_is_given_and_what_is_proposed(make):
    study = make(space=["+sweep=x", *SPACE])
    ((overrides, (trial,)),) = study.ask(1).items()
    assert overrides[:2] == ("+sweep=x", "seed=7")
    assert [o.partition("=")[0] for o in overrides[2:]] == ["a", "b"]
    assert trial.user_attrs["job"] == job_folder(overrides)


def test_of_a_key_the_last_value_counts(make):
    study = make(space=[*SPACE, "c=1,2", "c=3", "seed=8", "b=interval(2,3)"])
    ((overrides, _),) = study.ask(1).items()
    given = dict(override.split("=") for override in overrides)
    assert given.keys() == {"seed", "a", "b", "c"} and len(overrides) == 4
    assert (given["seed"], given["c"]) == ("8", "3") and 2 <= float(given["b"]) <= 3


def test_values_that_are_proposed_twice_at_once_are_one_job(make):
    study = make(space=["b=x,y"])
    jobs = study.ask(8)
    assert len(jobs) == 2 and sum(map(len, jobs.values())) == 8
    for trials in jobs.values():
        study.tell(trials, 1.0)
    assert study.repeat_unfinished() == 8


@pytest.mark.parametrize("failed", [False, True])
def test_a_study_that_was_stopped_goes_on_as_if_it_had_not_been(make, failed):
    whole = finish(make("whole"), 20)
    assert len(set(whole)) == 20
    first = make()
    assert first.repeat_unfinished() == 0
    ran = finish(first, 13)
    ((interrupted, trials),) = first.ask(1).items()
    if failed:
        first.tell(trials, None)
    second = make()
    assert second.repeat_unfinished() == 13
    ran += finish(second, 7)
    assert ran == whole and ran[13] == interrupted
    assert make().repeat_unfinished() == 20


def test_a_trial_is_repeated_once_a_session(make):
    study = make()
    study.ask(1)
    for _ in range(3):
        study = make()
        assert study.repeat_unfinished() == 0
        ((overrides, trials),) = study.ask(1).items()
        study.tell(trials, None)
        assert next(iter(study.ask(1))) != overrides


def test_a_trial_that_was_stopped_early_counts_as_done(make):
    study = make()
    ((_, (trial,)),) = study.ask(1).items()
    trial.study.tell(trial.number, state=optuna.trial.TrialState.PRUNED)
    study.tell([trial], None)
    assert make().repeat_unfinished() == 1


@pytest.mark.parametrize("found", [None, float("nan"), float("inf")])
def test_a_trial_without_a_finite_objective_has_failed(make, found, tmp_path):
    study = make()
    ((_, trials),) = study.ask(1).items()
    study.tell(trials, found)
    with pytest.raises(ValueError, match="no trial of the search was finished"):
        study.conclude(tmp_path / "found.yaml")


def test_the_best_trial_is_named(make, tmp_path, caplog):
    study = make()
    ran = finish(study, 5)
    study.conclude(tmp_path / "found.yaml")
    found = OmegaConf.load(tmp_path / "found.yaml")
    best = min(ran, key=value)
    assert found.best_value == value(best) and found.best_job == job_folder(best)
    assert found.best_params.b == best[2].partition("=")[2]


def test_jobs_are_told_where_the_study_is(make, tmp_path):
    pruner = OmegaConf.create({"_target_": "pipelines.median_pruner.MedianAtStep"})
    place = json.loads(make(pruner=pruner).environment[VARIABLE])
    assert place.pop("pruner") == pruner
    assert optuna.load_study(**place).study_name == "s"


def test_there_must_be_something_to_search(make):
    with pytest.raises(ValueError, match="nothing to search: give a key several values"):
        make(space=["seed=7"])


def test_another_seed_proposes_other_values(make):
    runs = [finish(make(name, seed=seed), 3) for name, seed in (("a", 0), ("b", 0), ("c", 100))]
    assert runs[0] == runs[1] != runs[2]

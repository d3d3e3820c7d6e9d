"""Every experiment runs from its name alone."""

from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir

from reporting import METHODS, Results
from train import train

pytestmark = pytest.mark.slow

CONF = Path(__file__).parents[1] / "conf"
EXPERIMENTS = sorted(file.stem for file in (CONF / "experiment").glob("*.yaml"))
ZOOS = {"predict_small_cnn", "build_zoo", "build_pruned_zoo"}
GUARDED = {"inv_on_policy_small_cnn"}  # by a zoo
INRS = {"fit_inrs", "inr_edit", "inr_classify"}  # tests/test_inr_experiments.py
# A VGG19 takes too long on a CPU; this one has the same kinds of layers.
NARROW = ["target=vgg11", "target.net.width=4"]
# What only the user has.
OWN = ["target.factory=scalegmn.targets:ResNet", "+target.arguments.depth=8"]
OWN += ["architecture.d=4", "architecture.num_layers=1"]
GIVEN = {"eq_prune_custom": OWN}


@pytest.fixture(autouse=True)
def determinism():
    yield
    torch.use_deterministic_algorithms(False)


def executed(folder, *overrides):
    """The results of a run, called as a command is."""
    where = [f"paths.run_dir={folder}", f"paths.dense_dir={folder}/../dense"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        train(compose("train", overrides=[*overrides, *where]))
    return Results.read(folder / "results.json")


def check(results, experiment):
    assert results.experiment == experiment and results.debug is True
    if experiment in ZOOS:
        assert results.metrics
    else:
        assert results.dense.test_acc >= 0 and results.method in METHODS
        assert bool(results.pruned) == (not experiment.startswith("train_"))


@pytest.mark.parametrize("experiment", [e for e in EXPERIMENTS if e not in ZOOS | INRS | GUARDED])
def test_an_experiment_runs_on_digits(experiment, tmp_path):
    small = [*NARROW] if "vgg" in experiment else []
    small += ["+target.arguments.in_channels=1"] if experiment in GIVEN else []
    name = [f"experiment={experiment}", *GIVEN.get(experiment, [])]
    check(executed(tmp_path / "run", *name, "debug=smoke", "data=digits", *small), experiment)


# One of each kind of images.
@pytest.mark.real_data
@pytest.mark.parametrize("experiment", ["baseline_magnitude", "eq_prune_vgg19"])
def test_an_experiment_runs_on_its_own_images(experiment, real_data, tmp_path):
    small = NARROW if "vgg" in experiment else []
    where = f"paths.data_dir={real_data}"
    results = executed(tmp_path / "run", f"experiment={experiment}", "debug=smoke", where, *small)
    check(results, experiment)


def test_the_experiments_of_zoos_run_one_after_the_other(tmp_path):
    digits = ["data=digits", "debug=smoke", f"zoo.folder={tmp_path}/zoo_digits"]
    check(executed(tmp_path / "a", "experiment=build_zoo", *digits), "build_zoo")
    pruned = ["data=digits", "debug=smoke", f"zoo.base={tmp_path}/zoo_digits"]
    results = executed(tmp_path / "b", "experiment=build_pruned_zoo", *pruned)
    check(results, "build_pruned_zoo")
    # Of three networks none would be left to validate on.
    more = [*digits, "zoo.networks=16", f"zoo.folder={tmp_path}/cifar10"]
    executed(tmp_path / "c", "experiment=build_zoo", *more, "zoo.ranges.activation=[relu]")
    tiny = ["architecture.d=4", "architecture.num_layers=1", f"paths.data_dir={tmp_path}"]
    learn = ["experiment=predict_small_cnn", "data.label=val_accuracy", "debug=smoke", *tiny]
    check(executed(tmp_path / "d", *learn), "predict_small_cnn")
    (guarded,) = GUARDED
    follow = [f"experiment={guarded}", "data@guard.zoo=small_cnn_zoo", "guard.zoo.activation=relu"]
    follow += [
        "guard.zoo.label=val_accuracy",
        f"predictor.weights={tmp_path}/d/predictor.safetensors",
    ]
    where = f"paths.data_dir={tmp_path}"
    check(executed(tmp_path / "e", *follow, "debug=smoke", "data=digits", where), guarded)


def test_methods_prune_the_same_dense_network(tmp_path):
    smoke = ["debug=smoke", "data=digits"]
    first = executed(tmp_path / "a", "experiment=baseline_magnitude", *smoke)
    second = executed(tmp_path / "b", "experiment=baseline_snip", *smoke)
    assert len(list((tmp_path / "dense").iterdir())) == 1
    assert first.dense.hash == second.dense.hash
    other = executed(tmp_path / "c", "experiment=baseline_snip", "seed=1", *smoke)
    assert other.dense.hash != first.dense.hash
    assert len(list((tmp_path / "dense").iterdir())) == 2

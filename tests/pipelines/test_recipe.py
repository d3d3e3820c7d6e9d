"""Dense networks are found by what they come from."""

from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from pipelines.recipe import recipe_hash

CONF = Path(__file__).parents[2] / "conf"


def recipe(*overrides):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return recipe_hash(compose("train", overrides=["paths.run_dir=/run", *overrides]))


@pytest.mark.parametrize("target", ["small_cnn", "vgg19"])
def test_all_methods_prune_what_the_training_experiment_makes(target):
    trained = recipe(f"experiment=train_{target}")
    assert recipe(f"experiment=eq_prune_{target}") == trained
    assert recipe(f"experiment=finetune_{target}", "optimizer.lr=1e-5") == trained
    for method in ("magnitude", "random", "snip", "grasp", "lamp", "erk", "shuffled"):
        assert recipe(f"experiment=baseline_{method}", f"target={target}") == trained


@pytest.mark.parametrize(
    "override",
    [
        *("seed=1", "dense.max_epochs=3", "dense.optimizer.lr=1e-3", "data.split_seed=1"),
        *("dense.data.batch_size=7", "target.net.width=8", "trainer.precision=bf16-mixed"),
        *("trainer.limit_train_batches=3", "dense.label_smoothing=0.1", "data.gray=mean"),
    ],
)
def test_another_recipe_is_another_network(override):
    assert recipe("experiment=baseline_magnitude", override) != recipe(
        "experiment=baseline_magnitude"
    )


@pytest.mark.parametrize(
    "override",
    [
        *("sparsity=0.5", "finetune.lr=1e-4", "selection.gauge=balanced", "data.batch_size=7"),
        *("paths.data_dir=/x", "trainer.devices=2", "num_threads=1"),
    ],
)
def test_what_comes_after_does_not_count(override):
    assert recipe("experiment=baseline_magnitude", override) == recipe(
        "experiment=baseline_magnitude"
    )

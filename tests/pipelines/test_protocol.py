"""The settings that a fair comparison shares."""

from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from pipelines.protocol import protocol, protocol_of_compared

CONF = Path(__file__).parents[2] / "conf"


def settings(*overrides):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return protocol(compose("train", overrides=["paths.run_dir=/run", *overrides]))


def test_seeds_places_and_devices_are_no_part_of_it():
    here = settings("experiment=baseline_magnitude")
    for same in ("seed=1", "paths.data_dir=/x", "trainer.devices=2", "data.download=false"):
        assert settings("experiment=baseline_magnitude", same) == here


@pytest.mark.parametrize(
    ("override", "key", "value"),
    [
        ("target.net.width=8", "target.net.width", 8),
        ("selection.gauge=balanced", "selection.gauge", "balanced"),
        ("prune_biases=true", "prune_biases", True),
        ("finetune.lr=[1e-2]", "finetune.lr", [0.01]),
        ("finetune.max_epochs=7", "finetune.max_epochs", 7),
        ("trainer.precision=bf16-mixed", "trainer.precision", "bf16-mixed"),
        ("data.batch_size=3", "data.batch_size", 3),
    ],
)
def test_what_makes_a_comparison_unfair_is_part_of_it(override, key, value):
    assert settings("experiment=baseline_magnitude", override)[key] == value
    assert settings("experiment=baseline_magnitude")[key] != value


def test_what_a_one_shot_method_does_not_use_is_left_out():
    keys = settings("experiment=baseline_snip").keys()
    assert not [key for key in keys if key.startswith(("optimizer", "architecture", "scheduler"))]
    assert "pruner.score.batches" in keys and "trainer.max_epochs" not in keys


def test_an_allocation_is_part_of_it_where_it_is_read():
    key = "selection.allocate._target_"
    erk = settings("experiment=baseline_snip", "selection/allocate=erk")
    assert erk[key] == "scalegmn.pruning.allocate_erk"
    assert settings("experiment=baseline_snip")[key] == "scalegmn.pruning.allocate_globally"
    assert settings("experiment=eq_prune_small_cnn", "selection/allocate=erk")[key] == erk[key]
    own = settings("experiment=baseline_erk")
    assert key not in own and own["pruner.allocate._target_"] == erk[key]
    assert own["selection.gauge"] == "raw" and own["selection.min_per_layer"] == 0


def test_what_a_pruner_does_not_read_is_no_part_of_it():
    given = ("selection.gauge=balanced", "selection.min_per_layer=2")
    assert not [k for k in settings("experiment=inv_prune_small_cnn", *given) if "selection" in k]
    assert settings("experiment=eq_mask_small_cnn", *given)["selection.min_per_layer"] == 2
    found = settings("experiment=eq_prune_small_cnn", "pruner=magnitude")
    assert not [key for key in found if key.startswith(("model", "architecture", "optimizer"))]


def test_a_method_that_trains_has_its_training_in_it_once():
    found = settings("experiment=eq_prune_small_cnn")
    assert found["optimizer.lr"] == 1e-3 and found["trainer.max_epochs"] == 300
    assert found["model.l1_weight"] == 1e-3 and found["architecture.d"] == 18
    assert not [key for key in found if key.startswith(("model.optimizer", "pruner.module"))]


def test_a_method_that_trains_without_a_model_has_its_training_in_it_once():
    found = settings("experiment=baseline_gmp")
    assert found["optimizer.lr"] == 1e-3 and found["trainer.max_epochs"] == 300
    assert found["trainer.gradient_clip_val"] == 10 and found["pruner.ramp"] == 0.75
    assert "scheduler._target_" in found and "pruner.max_epochs" not in found
    assert not [key for key in found if key.startswith(("architecture", "pruner.optimizer"))]


def test_predictors_of_other_architectures_differ():
    one = settings("experiment=predict_small_cnn")
    other = settings("experiment=predict_small_cnn", "architecture.preserve_size=false")
    assert {key for key in one if one[key] != other[key]} == {"architecture.preserve_size"}


def test_options_that_are_off_are_left_out():
    plain = settings("experiment=eq_prune_small_cnn")
    assert "model.operator.out_scale" not in plain
    assert not [key for key in plain if key.startswith("model.ramp")]
    on = [
        *("architecture.preserve_size=true", "model.operator.out_scale=0.01", "model/ramp=cubic"),
        "model/symmetry=broken",
    ]
    found = settings("experiment=eq_prune_small_cnn", *on)
    assert {key: found[key] for key in found if plain.get(key) != found[key]} == {
        "architecture.kind._target_": "scalegmn.nn.Broken",
        "architecture.preserve_size": True,
        "model.operator.out_scale": 0.01,
        "model.ramp._target_": "lightning_modules.ramp.Ramp",
        "model.ramp.fraction": 0.5,
        "model.ramp.power": 3.0,
    }


def test_what_sparsity_counts_is_part_of_the_protocol():
    weights = settings("experiment=baseline_magnitude")
    assert not [key for key in weights if key.startswith("sparsity_kind")]
    macs = settings("experiment=baseline_magnitude", "sparsity_kind=macs")
    filters = settings(
        "experiment=baseline_magnitude", "sparsity_kind=macs", "sparsity_kind/norm=filters"
    )
    assert macs["sparsity_kind.budget._target_"] == "scalegmn.pruning.channels.count_macs"
    assert {key for key in macs if macs[key] != filters[key]} == {"sparsity_kind.norm._target_"}


def test_gates_are_part_of_the_protocol_of_masks():
    found = settings("experiment=eq_mask_small_cnn")
    assert found["model.gates._target_"] == "scalegmn.pruning.TopK"
    other = settings("experiment=eq_mask_small_cnn", "model/gates=hard_concrete")
    assert {key for key in found.keys() | other.keys() if found.get(key) != other.get(key)} == {
        *("model.gates._target_", "model.gates.sparsity", "model.l0_weight"),
        *("model.gates.slope", "model.gates.start"),
    }


@pytest.mark.parametrize(
    "main", ["baseline_erk", "eq_prune_small_cnn", "baseline_gmp", "baseline_magnitude"]
)
@pytest.mark.parametrize("name", ["magnitude", "random", "lamp"])
def test_a_method_has_the_same_settings_as_the_main_one_and_as_one_to_compare_with(main, name):
    overrides = [f"experiment={main}", f"+pruner@compare.{name}={name}", "paths.run_dir=/run"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        found = protocol_of_compared(compose("train", overrides=overrides), name)
    # The dense network of the run is one for all.
    folded = f"fold_batch_norm={found['fold_batch_norm']}"
    assert found == settings(f"experiment=baseline_{name}", folded)

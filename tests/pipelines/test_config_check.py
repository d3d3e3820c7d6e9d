import re
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

from pipelines.config_check import check_types
from pipelines.override_check import check_overrides, warn_of_unread

CONF = Path(__file__).parents[2] / "conf"


@pytest.fixture
def composed():
    """Composes a config as a command does."""
    with initialize_config_dir(str(CONF), version_base="1.3"):

        def composed(*overrides):
            cfg = compose("train", overrides=list(overrides), return_hydra_config=True)
            HydraConfig.instance().set_config(cfg)
            return cfg

        yield composed
    HydraConfig.instance().cfg = None


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("+sparsty=0.5", "+sparsty: nothing reads this key; did you mean sparsity?"),
        ("+experimnt=quickstart", "+experimnt: nothing reads this key; did you mean experiment?"),
        ("++sede=1", "+sede: nothing reads this key; did you mean seed?"),
        (
            "+selection.gaug=raw",
            "+selection.gaug: nothing reads this key; did you mean selection.gauge?",
        ),
        ("+nothing_like_it=1", "+nothing_like_it: nothing reads this key"),
        ("+callbacks.mine={threshold: 1}", "+callbacks.mine: nothing reads this key"),
        ("~optimizer", "~optimizer removes what every run needs: choose another optimizer="),
        ("~model", "~model removes what every run needs"),
        ("~seed", "~seed removes what every run needs"),
    ],
)
def test_keys_that_nothing_reads_and_that_are_needed(composed, override, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        check_overrides(composed(override))


@pytest.mark.parametrize(
    "override",
    [
        "seed=1",
        "++seed=1",
        "+optimizer.amsgrad=true",
        "+trainer.max_time=00:01:00:00",
        "+callbacks.mine={_target_: lightning.Callback}",
        "+metadata.note=x",
        "+compile.mode=max",
        "+target.net.activation={_target_: torch.nn.Tanh, _partial_: true}",
        "~callbacks.progress",
        "~debug",
        "logger=none",
    ],
)
def test_what_is_meant_to_be_added_and_removed(composed, override):
    if override.startswith("+compile"):
        check_overrides(composed("compile={}", override))
    else:
        check_overrides(composed(override))


def test_arguments_of_a_factory_are_free(composed):
    check_overrides(composed("experiment=eq_prune_custom", "+target.arguments.depth=8"))


def test_configs_that_no_command_made_are_left_alone():
    check_overrides(OmegaConf.create({"anything": 1}))


ADAM = {"_target_": "torch.optim.Adam", "_partial_": True, "lr": 0.1}


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ({**ADAM, "foo": 1}, "optimizer.foo: torch.optim.Adam takes no foo"),
        ({**ADAM, "beta": 1}, "optimizer.beta: torch.optim.Adam takes no beta; did you mean betas"),
        ({**ADAM, "amsgrad": "abc"}, "optimizer.amsgrad='abc': expected bool"),
        ({**ADAM, "lr": "???"}, "optimizer.lr is not set"),
        (
            {**ADAM, "lr": "${nowhere}"},
            "optimizer.lr reads ${nowhere}, which is not set: give nowhere=",
        ),
        (
            {**ADAM, "lr": "${optimizer.eps}", "eps": "${model.eps}"},
            "optimizer.lr reads ${model.eps}, which is not set: choose model=",
        ),
        (
            {**ADAM, "lr": "${a}/${b}"},
            "optimizer.lr reads ${a}/${b}, of which something is not set",
        ),
        (
            {"_target_": "nowhere.Adam"},
            "optimizer._target_=nowhere.Adam: cannot be imported: No module named 'nowhere'",
        ),
        (
            {"_target_": "torch.optim.Adamant"},
            "optimizer._target_=torch.optim.Adamant: cannot be imported",
        ),
        ({"_target_": "torch..Adam"}, "optimizer._target_=torch..Adam: cannot be imported"),
    ],
)
def test_objects_that_cannot_be_made(node, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}") as error:
        check_types(OmegaConf.create({"optimizer": node}))
    assert "\n" not in str(error.value)


def test_objects_that_take_anything_are_left_alone():
    check_types(OmegaConf.create({"a": {"_target_": "builtins.dict", "b": 1}}))
    check_types(OmegaConf.create({"a": ADAM, "b": [1, 2], "c": None}))


TRAINS_NOTHING = "magnitude trains nothing by it; finetune."
UNREAD = "does not read it"


@pytest.mark.parametrize(
    ("experiment", "override", "said"),
    [
        ("baseline_magnitude", "optimizer.lr=1", TRAINS_NOTHING),
        ("baseline_magnitude", "optimizer=adamw", TRAINS_NOTHING),
        ("baseline_magnitude", "trainer.max_epochs=5", TRAINS_NOTHING),
        ("baseline_magnitude", "finetune.lr=1", None),
        ("baseline_magnitude", "trainer.precision=32-true", None),
        ("baseline_l1", "optimizer.lr=1", None),
        ("baseline_gmp", "trainer.max_epochs=5", None),
        ("eq_prune_small_cnn", "optimizer.lr=1", None),
        ("train_small_cnn", "trainer.max_epochs=5", None),
        ("predict_small_cnn", "optimizer.lr=1", None),
        ("inv_prune_small_cnn", "selection.gauge=balanced", UNREAD),
        ("inv_prune_small_cnn", "selection/allocate=erk", UNREAD),
        ("baseline_erk", "selection/allocate=erk", UNREAD),
        ("baseline_erk", "selection.gauge=balanced", None),
        ("eq_prune_small_cnn", "selection.min_per_layer=2", None),
        ("train_small_cnn", "selection.gauge=balanced", None),
    ],
)
def test_keys_that_no_method_of_the_run_reads_are_named(
    composed, caplog, experiment, override, said
):
    warn_of_unread(composed(f"experiment={experiment}", override))
    if said is None:
        assert not caplog.text
    else:
        assert f"{override.partition('=')[0]}: " in caplog.text and said in caplog.text

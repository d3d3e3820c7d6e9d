"""Every config composes, and means what it says."""

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import get_object
from omegaconf import DictConfig, ListConfig, OmegaConf

from pipelines.config_check import check_types
from pipelines.identity import config_hash
from tests.composing import CONF, composed

EXPERIMENTS = sorted(file.stem for file in (CONF / "experiment").glob("*.yaml"))


def targets(node):
    if isinstance(node, DictConfig) and "_target_" in node:
        yield node._target_
    if isinstance(node, DictConfig | ListConfig):
        for child in node.values() if isinstance(node, DictConfig) else node:
            yield from targets(child)


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_composes_and_every_target_resolves(experiment):
    cfg = composed(f"experiment={experiment}")
    assert cfg.name == experiment
    check_types(cfg)
    OmegaConf.to_container(cfg, resolve=True, throw_on_missing=True)
    assert all(callable(get_object(target)) for target in targets(cfg))


CHOICES = [
    CONF / group
    for group in (
        *("optimizer", "scheduler", "data", "architecture", "trainer", "logger", "debug"),
        *("target", "pruner", "pipeline", "dense", "hparams", "selection/allocate"),
        *("guard", "gauge"),
        *("sparsity_kind", "sparsity_kind/norm"),
        *(
            "model",
            "model/symmetry",
            "model/direction",
            "model/message",
            "model/ramp",
            "model/gates",
            "model/reader",
            "model/loss",
            "model/edit",
            "model/operator",
        ),
    )
]


# What a choice is made for, where that is not the training of a dense network.
EXPERIMENT = {
    **dict.fromkeys(("model/reader", "model/loss", "hparams"), "predict_small_cnn"),
    **{f"data={zoo}": "predict_small_cnn" for zoo in ("small_cnn_zoo", "pruned_zoo", "zoo_union")},
    "pruner": "baseline_magnitude",
    "sparsity_kind": "baseline_magnitude",
    "sparsity_kind/norm": "baseline_magnitude",
    "model/ramp": "eq_prune_small_cnn",
    "model/gates": "eq_mask_small_cnn",
    "pruner=scalegmn_eq": "eq_prune_small_cnn",
    "pruner=scalegmn_mask": "eq_mask_small_cnn",
    **dict.fromkeys(("guard", "gauge", "pruner=scalegmn_inv"), "inv_prune_small_cnn"),
    **dict.fromkeys(("pruner=scalegmn_eq", "pruner=scalegmn_eq_gmp"), "eq_prune_small_cnn"),
    "pipeline=build_zoo": "build_zoo",
    "pipeline=fit_inrs": "fit_inrs",
    **dict.fromkeys(("model/edit", "model/operator", "data=inrs"), "inr_edit"),
}


# Choices that are made within others.
WITHIN = {
    "sparsity_kind/norm": ["sparsity_kind=channel"],
    "pruner=torch_pruning": ["sparsity_kind=macs"],
    "data=custom": ["data._target_=datamodules.digits.Digits"],
}


@pytest.mark.parametrize(
    "override",
    [
        f"{folder.relative_to(CONF).as_posix()}={file.stem}"
        for folder in CHOICES
        for file in sorted(folder.glob("*.yaml"))
        if file.stem not in ("one_shot", "refinement")  # What others are made of.
    ],
)
def test_every_choice_composes(override):
    group = override.partition("=")[0]
    experiment = EXPERIMENT.get(override, EXPERIMENT.get(group, "train_small_cnn"))
    within = WITHIN.get(override, WITHIN.get(group, []))
    cfg = composed(f"experiment={experiment}", *within, override)
    assert all(callable(get_object(target)) for target in targets(cfg))


@pytest.mark.parametrize("form", sorted(f.stem for f in (CONF / "format").glob("*.yaml")))
def test_every_format_of_an_export_composes(form):
    cfg = composed(f"format={form}", "file=null", config="export")
    assert all(callable(get_object(target)) for target in targets(cfg))
    check_types(cfg)


@pytest.mark.parametrize(
    ("override", "target"),
    [
        ("model/reader=scalegmn", "scalegmn.predictor.Metanetwork"),
        ("model/reader=statnn", "scalegmn.predictor.StatNN"),
        ("model/reader=mlp", "scalegmn.predictor.RawMLP"),
    ],
)
def test_readers_are_chosen_by_name(override, target):
    cfg = composed("experiment=predict_small_cnn", override)
    assert cfg.model.predictor.recipe._target_ == target
    check_types(cfg)


@pytest.mark.parametrize(
    ("overrides", "gray"),
    [
        (["experiment=baseline_magnitude"], "luma"),
        (["experiment=baseline_magnitude", "target=vgg19"], None),
        (["experiment=baseline_magnitude", "target=vgg19", "data=cifar10_gray"], "luma"),
        (["experiment=eq_prune_small_cnn"], "luma"),
        (["experiment=eq_prune_small_cnn", "data=cifar10"], None),
    ],
)
def test_a_target_brings_its_data_unless_told_otherwise(overrides, gray):
    assert composed(*overrides).data.gray == gray


@pytest.mark.parametrize(
    ("overrides", "grid"),
    [
        (["experiment=baseline_magnitude"], [0.6, 0.7, 0.8, 0.9]),
        (["experiment=baseline_magnitude", "target=vgg19"], [0.9, 0.95, 0.97, 0.98, 0.99]),
        (["experiment=eq_prune_vgg19"], [0.9, 0.95, 0.97, 0.98, 0.99]),
        (["experiment=finetune_vgg19", "target=vgg11"], [0.9, 0.95, 0.97, 0.98, 0.99]),
        (["experiment=baseline_random", "target=vgg19", "sparsity=[0.5]"], [0.5]),
    ],
)
def test_the_grid_of_sparsities_is_the_target_s_unless_told_otherwise(overrides, grid):
    cfg = composed(*overrides)
    assert cfg.sparsity == grid
    assert cfg.pipeline.sparsities == grid


def test_a_vgg_is_called_by_its_depth():
    for override in ("target.net.depth=11", "target=vgg11"):
        cfg = composed("experiment=train_vgg19", override)
        assert cfg.target.net.depth == 11 and cfg.target.name == "vgg11"


def test_quickstart_is_the_default_and_needs_no_download():
    cfg = composed()
    assert cfg.name == "quickstart" and cfg.data._target_ == "datamodules.digits.Digits"
    assert list(cfg.sparsity) == [0.6, 0.7, 0.8, 0.9]
    assert cfg.target.name == "small_cnn"


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_smoke_runs_are_short(experiment):
    cfg = composed(f"experiment={experiment}", "debug=smoke")
    assert cfg.trainer.max_epochs <= 2 and cfg.trainer.limit_train_batches <= 5
    assert cfg.trainer.limit_test_batches <= 5
    assert cfg.finetune.max_epochs <= 2 and cfg.dense.max_epochs <= 2


def test_other_methods_can_be_compared_in_any_pruning_experiment():
    add = ["+pruner@compare.shuffled=shuffled", "+pruner@compare.random=random"]
    cfg = composed("experiment=eq_prune_small_cnn", *add)
    assert cfg.pipeline.method.name == "scalegmn_eq"
    assert {name: node.name for name, node in cfg.pipeline.compare.items()} == {
        "shuffled": "shuffled",
        "random": "random",
    }


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("trainer.max_epochs=abc", r"trainer.max_epochs='abc': expected .*int"),
        ("sparsity=high", "sparsity='high': expected"),
        ("sparsity=[0.5,high]", "sparsity="),
        ("seed=1.5", "seed=1.5: expected int"),
        ("finetune.patience=long", "finetune.patience='long'"),
        ("data.augment=maybe", "data.augment='maybe': expected bool"),
        ("model.l1_weight=null", "model.l1_weight=None: expected float"),
        ("target.net.width=wide", "target.net.width='wide'"),
    ],
)
def test_a_value_of_the_wrong_type_is_named_by_the_key_that_was_given(override, message):
    cfg = composed(override)
    with pytest.raises(ValueError, match=message):
        check_types(cfg)


@pytest.mark.parametrize(
    "override", ["sparsity=0", "finetune.lr=1", "trainer.precision=bf16-mixed"]
)
def test_whole_numbers_and_other_choices_are_fine(override):
    cfg = composed(override)
    check_types(cfg)


@pytest.mark.parametrize(
    ("precision", "fused"), [("16-mixed", False), ("bf16-mixed", False), ("bf16-true", True)]
)
def test_an_optimizer_is_not_fused_where_lightning_would_not_clip(precision, fused):
    cfg = composed("experiment=eq_prune_vgg19", f"trainer.precision={precision}")
    assert cfg.optimizer.fused is fused and composed().optimizer.fused is True
    check_types(cfg)


def test_on_a_cluster_a_run_is_where_and_on_what_its_job_is(monkeypatch):
    for name, value in (("JOB_ID", "77"), ("NTASKS_PER_NODE", "4"), ("NNODES", "2")):
        monkeypatch.setenv(f"SLURM_{name}", value)
    with initialize_config_dir(str(CONF), version_base="1.3"):
        overrides = ["experiment=train_vgg19", "trainer=slurm"]
        cfg = compose("train", overrides=overrides, return_hydra_config=True)
    assert cfg.hydra.run.dir == "outputs/train_vgg19/slurm-77"
    assert (cfg.trainer.devices, cfg.trainer.num_nodes) == (4, 2)
    assert cfg.trainer.max_epochs == 200 and cfg.trainer.gradient_clip_val == 5
    assert [get_object(plugin._target_).__name__ for plugin in cfg.trainer.plugins] == [
        "AtomicCheckpoints",
        "SLURMEnvironment",
    ]
    assert config_hash(composed("trainer=slurm")) == config_hash(composed())


@pytest.mark.parametrize(
    ("launcher", "plugin"),
    [
        ("submitit_slurm", "hydra_submitit_launcher"),
        ("submitit_local", "hydra_submitit_launcher"),
        ("joblib", "hydra_joblib_launcher"),
    ],
)
def test_launchers_compose_where_they_are_installed(launcher, plugin):
    reason = f'{plugin} comes with pip install -e ".[sweeps]"'
    pytest.importorskip(f"hydra_plugins.{plugin}", reason=reason)
    with initialize_config_dir(str(CONF), version_base="1.3"):
        overrides = ["experiment=finetune_vgg19", f"hydra/launcher={launcher}"]
        cfg = compose("train", overrides=overrides, return_hydra_config=True)
    assert plugin in cfg.hydra.launcher._target_


EVERY_HPARAMS = sorted(file.stem for file in (CONF / "hparams").glob("*.yaml"))


REPLACEMENTS = ("scheduler=cosine", "optimizer=sgd")


@pytest.fixture(scope="module")
def replaced():
    return composed("experiment=train_small_cnn", *REPLACEMENTS)


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_a_replaced_group_replaces_its_keys(experiment, replaced):
    """What an experiment chooses in a group must not outlive the choice."""
    cfg = composed(f"experiment={experiment}", *REPLACEMENTS)
    check_types(cfg)
    for group in ("scheduler", "optimizer"):
        written, plain = (OmegaConf.to_container(c[group], resolve=False) for c in (cfg, replaced))
        assert written == plain


@pytest.mark.parametrize("name", EVERY_HPARAMS)
@pytest.mark.parametrize(
    "overrides",
    [
        ["model/symmetry=permutation", "model/direction=forward", "optimizer=sgd"],
        ["model/symmetry=scale", "model/reader=statnn", "scheduler=constant"],
    ],
    ids=lambda overrides: overrides[0],
)
def test_groups_can_be_replaced_in_published_hyper_parameters(name, overrides):
    cfg = composed("experiment=predict_small_cnn", f"hparams={name}", *overrides)
    check_types(cfg)
    assert set(cfg.architecture.kind) == {"_target_"}


@pytest.mark.parametrize("experiment", ["finetune_small_cnn", "finetune_vgg19"])
def test_the_optimizer_of_fine_tuning_experiments_fine_tunes(experiment):
    cfg = composed(f"experiment={experiment}", "optimizer=sgd", "optimizer.lr=3e-4")
    assert cfg.finetune.optimizer._target_ == "torch.optim.SGD" and cfg.finetune.lr == 3e-4


@pytest.mark.parametrize("experiment", ["eq_prune_small_cnn", "baseline_magnitude"])
def test_the_optimizers_of_stages_are_chosen_apart(experiment):
    given = ["optimizer@finetune.optimizer=sgd", "optimizer@dense.optimizer=adamw"]
    cfg = composed(f"experiment={experiment}", *given)
    assert cfg.finetune.optimizer._target_ == "torch.optim.SGD"
    assert cfg.dense.optimizer._target_ == "torch.optim.AdamW"
    assert cfg.optimizer._target_ == "torch.optim.Adam"


@pytest.mark.parametrize("guard", ["ensemble", "trust_region", "conservative", "on_policy"])
def test_a_guard_is_another_method(guard):
    cfg = composed("experiment=inv_prune_small_cnn", f"guard={guard}")
    check_types(cfg)
    assert cfg.method == "scalegmn_inv_guarded"
    assert cfg.guard._target_.rpartition(".")[0] == "pipelines.guards"

"""Published hyper-parameters, against the published code and papers."""

import re

import pytest
from omegaconf import OmegaConf

from pipelines.config_check import check_types
from tests.composing import CONF, composed

# Parameters as published, without the branches that no node reads; ours where we differ.
PUBLISHED = {
    "cifar10_relu": ("Scale", "Forward", "relu", 128, 4, "last_layer", 1e-3, 0.01, 64, 200, 0.0),
    "cifar10_relu_bidirectional": (
        *("Scale", "Bidirectional", "relu", 128, 4, "last_layer", 1e-3, 0.01, 64, 200, 0.0),
    ),
    "cifar10_tanh": ("Sign", "Forward", "tanh", 128, 4, "full_graph", 1e-3, 0.01, 64, 200, 0.0),
    "cifar10_tanh_bidirectional": (
        *("Sign", "Bidirectional", "tanh", 128, 4, "full_graph", 5e-4, 0.01, 32, 200, 0.2),
    ),
    "cifar10_hetero": ("Hetero", "Forward", None, 128, 4, "last_layer", 1e-3, 1e-3, 64, 200, 0.2),
    "cifar10_hetero_bidirectional": (
        *("Hetero", "Bidirectional", None, 128, 5, "last_layer", 1e-3, 1e-3, 64, 250, 0.1),
    ),
    "svhn_relu": ("Scale", "Forward", "relu", 64, 4, "full_graph", 1e-3, 0.0, 16, 200, 0.0),
    "svhn_relu_bidirectional": (
        *("Scale", "Bidirectional", "relu", 64, 3, "full_graph", 1e-3, 0.0, 64, 200, 0.0),
    ),
    "svhn_tanh": ("Sign", "Forward", "tanh", 64, 4, "last_layer", 1e-3, 5e-4, 64, 200, 0.0),
    "svhn_tanh_bidirectional": (
        *("Sign", "Bidirectional", "tanh", 128, 3, "full_graph", 1e-3, 0.01, 128, 200, 0.0),
    ),
}


def test_every_published_predictor_is_in_the_table():
    files = {file.stem for file in (CONF / "hparams").glob("*.yaml")}
    assert {name for name in files if name.startswith(("cifar10", "svhn"))} == set(PUBLISHED)


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_predictors_are_as_published(name):
    cfg = composed("experiment=predict_small_cnn", f"hparams={name}")
    check_types(cfg)
    arch, recipe = cfg.architecture, cfg.model.predictor.recipe
    assert (
        *(arch.kind._target_.split(".")[-1], arch.direction._target_.split(".")[-1]),
        *(cfg.data.activation, arch.d, arch.num_layers, recipe.readout.path.split(".")[-1]),
        *(cfg.optimizer.lr, cfg.optimizer.weight_decay, cfg.data.batch_size),
        *(cfg.trainer.max_epochs, arch.dropout),
    ) == PUBLISHED[name]
    assert cfg.data.folder == ("svhn_cropped" if name.startswith("svhn") else "cifar10")
    assert cfg.scheduler.scheduler.lr_lambda.steps == 1000 and cfg.trainer.gradient_clip_val == 10
    assert (
        cfg.monitor == cfg.callbacks.best.monitor == "val/kendall_tau"
        and cfg.callbacks.best.mode == "max"
    )
    assert arch.io.separate == (name.startswith(("svhn", "cifar10_tanh")))
    skips = {"cifar10_hetero_bidirectional", "svhn_tanh_bidirectional"}
    assert arch.skip == (name in skips or name.startswith("svhn_relu"))
    assert arch.layer_norm == (name != "svhn_tanh")
    assert arch.preserve_size is False
    assert arch.kind.get("symmetrized", True) == (name != "cifar10_hetero")


# Kind, absolute values, direction, io, separate, d, layers, edge encoding, positional, sum on io,
# skip, dropouts, layer norm, readout, weight decay, batch, epochs: as published, see the table.
A, B = "PlainIO", "GatedIO"
PUBLISHED_INR = {
    "mnist_edit": ("f", True, A, True, 128, 10, 0, 0, 1, 1, 0.1, 0.1, 1, None, 1e-3, 64, 300),
    "mnist_edit_bidirectional": (
        *("b", True, A, False, 128, 10, 0, 0, 1, 1, 0.1, 0.0, 1, None, 1e-3, 64, 300),
    ),
    "mnist_classify": ("f", False, B, False, 128, 4, 1, 0, 1, 1, 0.2, 0.0, 1, "l", 1e-2, 128, 200),
    "mnist_classify_bidirectional": (
        *("b", False, B, False, 128, 4, 0, 1, 1, 0, 0.2, 0.0, 1, "l", 1e-3, 128, 200),
    ),
    "fmnist_classify": ("f", False, A, True, 128, 2, 1, 0, 1, 1, 0.2, 0.2, 1, "f", 1e-2, 128, 200),
    "fmnist_classify_bidirectional": (
        *("b", False, A, True, 128, 2, 1, 0, 1, 1, 0.2, 0.2, 1, "f", 1e-2, 128, 200),
    ),
    "cifar10_classify": ("f", True, A, True, 64, 4, 0, 0, 1, 0, 0.2, 0.0, 1, "l", 5e-4, 64, 200),
    "cifar10_classify_bidirectional": (
        *("b", True, B, False, 64, 4, 0, 0, 0, 0, 0.2, 0.0, 0, "l", 5e-4, 64, 200),
    ),
    "cifar10_classify_augmented": (
        *("f", False, A, True, 128, 4, 0, 0, 1, 1, 0.1, 0.0, 1, "f", 1e-3, 256, 54),
    ),
    "cifar10_classify_augmented_bidirectional": (
        *("b", False, A, True, 128, 4, 0, 0, 1, 1, 0.2, 0.0, 1, "l", 1e-4, 256, 81),
    ),
}


def test_every_published_experiment_on_inrs_is_in_the_table():
    # Others are variants and controls of our own.
    own = re.compile(r"(edit|classify)_(bidirectional|heads|full_graph|gmn|mlp|statnn)")
    found = {file.stem for file in (CONF / "experiment/inr").glob("*.yaml")}
    assert {name for name in found if not own.fullmatch(name)} == set(PUBLISHED_INR)


@pytest.mark.parametrize("name", PUBLISHED_INR)
def test_experiments_on_inrs_are_as_published(name):
    cfg = composed(f"experiment=inr/{name}")
    check_types(cfg)
    OmegaConf.to_container(cfg, resolve=True, throw_on_missing=True)
    arch, is_editor = cfg.architecture, "edit" in name
    readout = None if is_editor else cfg.model.recipe.readout.path.split(".")[-1][0]
    assert arch.kind._target_ == "scalegmn.nn.Sign"
    assert (
        *(
            arch.direction._target_.split(".")[-1][0].lower(),
            not arch.kind.get("symmetrized", True),
        ),
        *(arch.io._target_.split(".")[-1], arch.io.separate, arch.d, arch.num_layers),
        *(arch.edge_encoding, arch.positional, arch.sum_on_io, arch.skip),
        *(arch.dropout, arch.mlp_dropout, arch.layer_norm, readout),
        *(cfg.optimizer.weight_decay, cfg.data.batch_size, cfg.trainer.max_epochs),
    ) == PUBLISHED_INR[name]
    assert cfg.optimizer._target_ == "torch.optim.AdamW" and cfg.optimizer.lr == 1e-3
    assert cfg.scheduler.scheduler.lr_lambda.steps == 1000 and cfg.trainer.gradient_clip_val == 10
    assert cfg.monitor == ("val/loss" if is_editor else "val/accuracy")
    assert arch.preserve_size is False and cfg.data.absorb_w0 is False
    assert not is_editor or cfg.model.operator.out_scale == 0.01


def test_the_published_invariant_pruning_is_as_published():
    cfg = composed("experiment=table1/inv_published")
    check_types(cfg)
    threshold, optimizer = cfg.callbacks.threshold, cfg.optimizer
    assert set(cfg.callbacks) == {"threshold"} and cfg.method == "scalegmn_inv"
    assert dict(zip(threshold.sparsities, threshold.epsilon, strict=True)) == {
        **{0.6: 1e-3, 0.7: 1e-4, 0.8: 1e-4},
        0.9: 1e-3,
    }
    assert threshold.prune_biases and cfg.prune_biases and cfg.guard._target_.endswith("Unguarded")
    assert (optimizer._target_, optimizer.lr, optimizer.weight_decay) == (
        *("torch.optim.AdamW", 1e-3),
        1e-2,
    )
    assert cfg.scheduler.scheduler.lr_lambda.steps == 1000 and cfg.model.l1_weight == 1e-4
    assert cfg.trainer.max_epochs * cfg.pruner.steps_per_epoch == 120_000
    assert cfg.finetune.lr == 1e-3 and cfg.finetune.max_epochs == 1000

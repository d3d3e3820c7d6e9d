"""Every score goes with every allocation, gauge and floor, from the command line."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import OmegaConf

import pipelines  # noqa: F401  Configs call its resolvers.
from pipelines.config_check import check_types
from scalegmn.pruning import (
    allocate_erk,
    allocate_globally,
    allocate_uniformly,
    balanced,
    grasp,
    lamp,
    magnitude,
    make_mask,
    random,
    snip,
)
from scalegmn.targets import SmallCNN

CONF = Path(__file__).parents[2] / "conf"
SCORES = {
    "magnitude": magnitude,
    "lamp": lamp,
    "snip": snip,
    "grasp": grasp,
    "random": lambda net, data: random(net, data, seed=42),
}
ALLOCATIONS = {
    "global": allocate_globally,
    "uniform": allocate_uniformly,
    "erk": allocate_erk,
}


def composed(*overrides):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("train", overrides=["paths.run_dir=-", *overrides])


@pytest.fixture(scope="module")
def net():
    return SmallCNN()


@pytest.fixture(scope="module")
def images():
    return [(torch.randn(6, 1, 32, 32), torch.randint(10, (6,))) for _ in range(2)]


def pruned_by(cfg, net, images, sparsity):
    run = SimpleNamespace(
        seed=lambda: None, data=SimpleNamespace(train_dataloader=lambda: list(images))
    )
    method = instantiate(cfg.pruner, _convert_="all")
    (candidate,) = method.candidates(run, net, [sparsity])
    assert candidate.network is net and candidate.epochs == 0
    return candidate.mask.keep


@pytest.mark.parametrize("gauge", ["raw", "balanced"])
@pytest.mark.parametrize("allocation", ALLOCATIONS)
@pytest.mark.parametrize("score", SCORES)
def test_scores_and_allocations_combine(score, allocation, gauge, net, images):
    cfg = composed(
        f"pruner={score}",
        f"selection/allocate={allocation}",
        f"selection.gauge={gauge}",
        "selection.min_per_layer=20",
    )
    check_types(cfg)
    keep = pruned_by(cfg, net, images, 0.9)
    scored = balanced(net, torch.zeros(1, 1, 32, 32)) if gauge == "balanced" else net
    scores, allocate = SCORES[score](scored, images), ALLOCATIONS[allocation]
    expected = make_mask(scores, 0.9, allocate=allocate, min_per_layer=20).keep
    assert all(torch.equal(keep[name], mask) for name, mask in expected.items())
    assert sum(int((~mask).sum()) for mask in keep.values()) == int(4912 * 0.9)
    assert min(int(mask.sum()) for mask in keep.values()) >= 20


@pytest.mark.parametrize("score", ["snip", "grasp"])
def test_a_second_batch_counts(score, net, images):
    one, two = (
        pruned_by(composed(f"pruner={score}", f"pruner.score.batches={n}"), net, images, 0.5)
        for n in (1, 2)
    )
    assert any(not torch.equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize(
    ("pruner", "allocate"), [("erk", allocate_erk), ("magnitude_layer", allocate_uniformly)]
)
def test_a_method_that_is_an_allocation_keeps_it(pruner, allocate, net, images):
    given = [f"pruner={pruner}", f"+pruner@compare.one={pruner}", "selection/allocate=global"]
    cfg = composed(*given, "+selection.allocate.option=1")
    plain = OmegaConf.create({"_target_": f"scalegmn.pruning.{allocate.__name__}"})
    for method in (cfg.pruner, cfg.compare.one):
        assert method.allocate == {**plain, "_partial_": True}
    keep = pruned_by(cfg, net, images, 0.9)
    expected = make_mask(magnitude(net), 0.9, allocate=allocate).keep
    assert all(torch.equal(keep[name], mask) for name, mask in expected.items())


@pytest.mark.parametrize(
    ("experiment", "path"),
    [
        ("eq_prune_small_cnn", "pruner.prune"),
        ("baseline_shuffled", "pruner.method"),
        ("baseline_lamp", "pruner"),
    ],
)
def test_it_is_that_of_every_method_of_a_run(experiment, path):
    cfg = composed(
        f"experiment={experiment}", "selection/allocate=erk", "+pruner@compare.snip=snip"
    )
    for method in (OmegaConf.select(cfg, path), cfg.compare.snip):
        assert method.allocate._target_ == "scalegmn.pruning.allocate_erk"


def test_a_floor_that_a_later_sparsity_cannot_have_is_refused_at_once(net, images):
    cfg = composed("pruner=magnitude", "selection.min_per_layer=30")
    run = SimpleNamespace(
        seed=lambda: None, data=SimpleNamespace(train_dataloader=lambda: list(images))
    )
    candidates = instantiate(cfg.pruner, _convert_="all").candidates(run, net, [0.5, 0.999])
    with pytest.raises(ValueError, match="sparsity 0.999 keeps"):
        next(candidates)

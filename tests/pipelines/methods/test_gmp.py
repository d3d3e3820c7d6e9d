"""GMP, from the command to the pruned files."""

import csv
import json

import pytest
import torch
from safetensors.torch import load_file

from lightning_modules.equivariant_pruner import EquivariantPruner
from pipelines.methods import GMP, OneShot
from reporting import Results
from scalegmn.pruning import allocate_globally, cubic_sparsity, magnitude

pytestmark = pytest.mark.slow

# Twenty-five steps in five epochs, of which eighteen prune.
GRADUAL = (
    *("experiment=baseline_gmp", "trainer.max_epochs=5", "pruner.every_n_steps=4"),
    *("sparsity=[0.3,0.6,0.9]", "optimizer=sgd", "optimizer.lr=1e-2"),
)
OPERATOR = (
    *("experiment=eq_prune_small_cnn", "pruner=scalegmn_eq_gmp", "pruner.prune.every_n_steps=4"),
    *("trainer.max_epochs=2", "sparsity=[0.5,0.8]", "architecture.d=4"),
)


@pytest.fixture(scope="module")
def whole(prune, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    prune(folder, *GRADUAL)
    return folder


def test_a_candidate_is_a_milestone_of_one_training(zeros, whole):
    results = Results.read(whole / "results.json")
    masks = []
    for row in results.pruned:
        percent = f"{100 * row.sparsity:g}"
        for file in (f"gradual_{percent}.safetensors", f"pruned_{percent}.safetensors"):
            assert zeros(whole / file) == int(4912 * row.sparsity)
        saved = load_file(whole / f"gradual_{percent}.safetensors")
        tuned = load_file(whole / f"pruned_{percent}.safetensors")
        masks.append({n: tuned[n] != 0 for n in tuned if f"mask.{n}" in saved})
        assert all(torch.equal(keep, saved[f"mask.{n}"].bool()) for n, keep in masks[-1].items())
    for outer, inner in zip(masks, masks[1:], strict=False):
        assert len(outer) == 4 and not any((inner[name] & ~outer[name]).any() for name in outer)


def test_its_epochs_are_those_until_the_schedule_passes_it(whole):
    rows = json.loads((whole / "results.json").read_text())["pruned"]
    # At steps 4 and 8 of five in an epoch; the last is trained to the end.
    passed = [
        next(t for t in range(0, 26, 4) if cubic_sparsity(t, final=0.9, end=18) >= s)
        for s in (0.3, 0.6)
    ]
    assert passed == [4, 8]
    assert [row["epochs_before_finetune"] for row in rows] == [1, 2, 5]


def test_the_sparsity_is_among_the_metrics(whole):
    with (whole / "metrics.csv").open(newline="") as stream:
        found = [float(row["sparsity"]) for row in csv.DictReader(stream)]
    steps = [4, 8, 12, 18, 18]
    expected = [cubic_sparsity(t, final=0.9, end=18) for t in steps]
    assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("batch", [7, 24])
def test_stopped_inside_its_training_it_ends_like_the_uninterrupted_run(
    prune, stopped, same, whole, tmp_path, batch
):
    stopped(tmp_path, f"{tmp_path.name}/checkpoints", batch, *GRADUAL)
    prune(tmp_path, *GRADUAL)
    same(tmp_path, whole)


def test_what_an_operator_made_is_pruned_gradually(prune, stopped, same, zeros, tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    results = prune(whole, *OPERATOR)
    assert results.method == "scalegmn_eq_gmp"
    for row in results.pruned:
        assert zeros(whole / row.file) == int(4912 * row.sparsity)
    # Two epochs of the operator, then one and two of the network.
    assert [row.epochs_before_finetune for row in results.pruned] == [3, 4]
    rewritten, first = (
        load_file(whole / name) for name in ("rewritten.safetensors", "dense.safetensors")
    )
    assert not torch.equal(rewritten["fc.weight"], first["fc.weight"])
    stopped(broken, "broken/checkpoints", 7, *OPERATOR, module=EquivariantPruner)
    stopped(broken, "gmp/checkpoints", 7, *OPERATOR)
    prune(broken, *OPERATOR)
    same(broken, whole)


def test_beside_another_method_its_training_has_a_folder(prune, zeros, tmp_path):
    given = ("+pruner@compare.gmp=gmp", "trainer.max_epochs=2", "sparsity=0.5")
    results = prune(tmp_path, "experiment=baseline_magnitude", *given)
    assert [(row.method, row.epochs_before_finetune) for row in results.pruned] == [
        (None, 0),
        ("gmp", 2),
    ]
    assert (tmp_path / "gmp" / "metrics.csv").exists()
    assert not (tmp_path / "metrics.csv").exists()
    assert zeros(tmp_path / "gmp" / "pruned_50.safetensors") == 2456


def test_balanced_magnitudes_prune_otherwise(prune, zeros, whole, tmp_path):
    prune(tmp_path, *GRADUAL, "selection.gauge=balanced", "selection.min_per_layer=30")
    ours, theirs = (load_file(f / "gradual_90.safetensors") for f in (tmp_path, whole))
    assert zeros(tmp_path / "pruned_90.safetensors") == int(4912 * 0.9)
    assert not torch.equal(ours["mask.fc.weight"], theirs["mask.fc.weight"])
    assert int(ours["mask.fc.weight"].sum()) >= 30


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"ramp": 0.0}, "pruner.ramp must be a number above 0 and at most 1, got 0.0"),
        ({"every_n_steps": 0}, "pruner.every_n_steps must be a whole number, at least 1, got 0"),
    ],
)
def test_what_cannot_be_a_schedule_is_refused(arguments, message):
    score = OneShot(name="magnitude", score=magnitude, allocate=allocate_globally)
    given = {"name": "gmp", "prune": score, "optimizer": torch.optim.Adam, "max_epochs": 1}
    with pytest.raises(ValueError, match=f"^{message}"):
        GMP(**given, **arguments)

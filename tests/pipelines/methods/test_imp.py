"""IMP, from the command to the pruned files."""

import json

import pytest
import torch
from safetensors.torch import load_file

from pipelines.methods import IMP, OneShot
from reporting import Results
from scalegmn.pruning import allocate_globally, magnitude

pytestmark = pytest.mark.slow

THREE = ("experiment=baseline_imp", "pruner.rounds=3", "sparsity=[0.6,0.9]")
# After three rounds at equal rates, of 4,912 weights: 1 - (1 - s)^(j / 3).
ROUNDS = {"60": (0.26319370, 0.45711648), "90": (0.53584111, 0.78455653)}


def masks(file):
    return {n: t.bool() for n, t in load_file(file).items() if n.startswith("mask.")}


@pytest.fixture(scope="module")
def whole(prune, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    prune(folder, *THREE)
    return folder


def test_each_sparsity_has_a_chain_of_nested_rounds(zeros, whole):
    results = Results.read(whole / "results.json")
    assert [row.sparsity for row in results.pruned] == [0.6, 0.9]
    for row, (percent, sparsities) in zip(results.pruned, ROUNDS.items(), strict=True):
        rounds = [whole / f"imp_{percent}" / f"round_{j}" for j in (1, 2)]
        last = load_file(whole / f"pruned_{percent}.safetensors")
        kept = [masks(folder / "trained.safetensors") for folder in rounds]
        kept.append({f"mask.{n}": t != 0 for n, t in last.items() if t.ndim > 1})
        for folder, sparsity in zip(rounds, sparsities, strict=True):
            assert zeros(folder / "trained.safetensors") == int(4912 * sparsity)
        for outer, inner in zip(kept, kept[1:], strict=False):
            assert outer.keys() == inner.keys()
            assert not any((inner[name] & ~outer[name]).any() for name in outer)
        assert zeros(whole / f"pruned_{percent}.safetensors") == int(4912 * row.sparsity)
        assert all((t != 0).all() for n, t in last.items() if n.endswith("bias"))
        assert row.epochs_before_finetune == 4  # Two rounds of two epochs.


def test_training_moves_what_a_round_keeps(whole):
    first, second = (
        load_file(whole / "imp_90" / f"round_{j}" / "trained.safetensors") for j in (1, 2)
    )
    kept = second["mask.fc.weight"].bool()
    assert not torch.equal(first["fc.weight"][kept], second["fc.weight"][kept])


@pytest.mark.parametrize(
    ("part", "batch"),
    [
        ("imp_60/round_2/lr_0.001/checkpoints", 8),
        ("imp_90/round_1/lr_0.001/checkpoints", 2),
    ],
)
def test_stopped_inside_a_round_it_ends_like_the_uninterrupted_run(
    prune, stopped, same, whole, tmp_path, part, batch
):
    stopped(tmp_path, part, batch, *THREE)
    prune(tmp_path, *THREE)
    same(tmp_path, whole)


def test_a_round_chooses_its_rate_by_validation_loss(prune, tmp_path):
    # With the second nothing is learnt, and nothing is lost.
    given = ("pruner.rounds=2", "sparsity=0.5", "pruner.lr=[1e-3,1e-12]", "finetune.max_epochs=3")
    row = prune(tmp_path, "experiment=baseline_imp", *given).pruned[0]
    folder = tmp_path / "imp_50" / "round_1"
    outcomes = {
        name: json.loads((folder / name / "result.json").read_text())
        for name in ("lr_0.001", "lr_1e-12")
    }
    assert outcomes["lr_0.001"]["val_loss"] < outcomes["lr_1e-12"]["val_loss"]
    chosen = load_file(folder / "lr_0.001" / "network.safetensors")
    trained = load_file(folder / "trained.safetensors")
    assert all(torch.equal(tensor, trained[name]) for name, tensor in chosen.items())
    assert row.epochs_before_finetune == outcomes["lr_0.001"]["epochs"] == 3


def test_one_round_is_pruning_at_once(prune, same, tmp_path):
    imp = prune(tmp_path / "imp", "experiment=baseline_imp", "pruner.rounds=1", "sparsity=0.7")
    once = prune(tmp_path / "once", "experiment=baseline_magnitude", "sparsity=0.7")
    assert imp.pruned[0].epochs_before_finetune == 0
    assert imp.pruned[0].val_loss == once.pruned[0].val_loss


def test_what_cannot_be_a_chain_is_refused():
    score = OneShot(name="magnitude", score=magnitude, allocate=allocate_globally)
    with pytest.raises(ValueError, match=r"pruner\.rounds must be a whole number, at least 1"):
        IMP(name="imp", prune=score, rounds=0, lr=1e-3)
    with pytest.raises(ValueError, match="two of them would have the same folder"):
        IMP(name="imp", prune=score, rounds=5, lr=[1e-3, 0.001])

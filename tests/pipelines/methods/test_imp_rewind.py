"""IMP with rewinding, from the command to the pruned files."""

import csv
import shutil

import pytest
import torch
from safetensors.torch import load_file

from lightning_modules.classifier import Classifier
from pipelines.methods.imp_rewind import Rewind
from reporting import Results

pytestmark = pytest.mark.slow

# The weights of epoch 1 of 4 come back.
REWIND = (
    *("experiment=baseline_imp", "pruner=imp_rewind", "pruner.rounds=2", "sparsity=[0.5,0.9]"),
    *("dense.max_epochs=4", "pruner.rewind.fraction=0.25"),
)
CHAINS = {"50": (1 - 0.5**0.5, 0.5), "90": (1 - 0.1**0.5, 0.9)}


@pytest.fixture(scope="module")
def seen():
    """By the folder of a fit, the network when it starts and after each epoch."""
    return {}


@pytest.fixture(scope="module")
def whole(prune, seen, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")

    def keep(self):
        where = str(self.trainer.checkpoint_callback.dirpath)
        state = {n: t.detach().clone() for n, t in self.net.state_dict().items()}
        seen.setdefault(where, []).append(state)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Classifier, "on_train_start", keep)
        patch.setattr(Classifier, "on_train_epoch_end", keep)
        prune(folder, *REWIND, f"paths.dense_dir={folder}/dense_dir")
    return folder


def masks(file):
    return {n.removeprefix("mask."): t for n, t in load_file(file).items() if "mask." in n}


def test_the_early_weights_are_those_that_the_dense_network_had(seen, whole):
    early = load_file(whole / "imp_rewind_early" / "early.safetensors")
    (dense,) = (states for where, states in seen.items() if "small_cnn_digits" in where)
    assert len(dense) == 5
    assert all(torch.equal(tensor, dense[1][name]) for name, tensor in early.items())
    assert not torch.equal(early["fc.weight"], dense[4]["fc.weight"])


@pytest.mark.parametrize("percent", CHAINS)
def test_each_round_starts_from_the_early_weights_of_what_is_left(seen, zeros, whole, percent):
    early, outer = load_file(whole / "imp_rewind_early" / "early.safetensors"), None
    for j, sparsity in enumerate(CHAINS[percent], 1):
        folder = whole / f"imp_rewind_{percent}" / f"round_{j}"
        inner = masks(folder / "trained.safetensors")
        start, *epochs = seen[str(folder / "checkpoints")]
        assert len(epochs) == 3 and len(inner) == 4
        for name, tensor in early.items():
            kept = inner[name].bool() if name in inner else torch.ones_like(tensor).bool()
            assert torch.equal(start[name], tensor * kept)
        assert zeros(folder / "trained.safetensors") == int(4912 * sparsity)
        assert outer is None or not any((inner[n] & ~outer[n]).any() for n in inner)
        outer = inner


def test_rounds_have_the_later_rates_of_the_dense_recipe(whole):
    def rates(folder):
        with (folder / "metrics.csv").open(newline="") as stream:
            return [float(row["lr"]) for row in csv.DictReader(stream)]

    (dense,) = (whole / "dense_dir").iterdir()
    assert rates(whole / "imp_rewind_early") == rates(dense)[:1]
    assert rates(whole / "imp_rewind_90" / "round_2") == rates(dense)[1:]


def test_the_last_network_is_fine_tuned_with_its_zeros(zeros, whole):
    for row in Results.read(whole / "results.json").pruned:
        assert zeros(whole / row.file) == int(4912 * row.sparsity)
        assert row.epochs_before_finetune == 1 + 2 * 3


@pytest.mark.parametrize(
    ("part", "batch"),
    [("imp_rewind_early/checkpoints", 3), ("imp_rewind_90/round_2/checkpoints", 8)],
)
def test_stopped_inside_a_round_it_ends_like_the_uninterrupted_run(
    prune, stopped, same, whole, tmp_path, part, batch
):
    given = (*REWIND, f"paths.dense_dir={whole}/dense_dir")
    stopped(tmp_path, part, batch, *given)
    prune(tmp_path, *given)
    shutil.copytree(whole / "dense_dir", tmp_path / "dense_dir")
    same(tmp_path, whole)


def test_early_weights_may_be_given_with_the_dense_network(prune, whole, tmp_path):
    early = whole / "imp_rewind_early" / "early.safetensors"
    files = (f"target.weights={whole}/dense.safetensors", f"pruner.rewind.weights={early}")
    results = prune(tmp_path, *REWIND, *files)
    assert not (tmp_path / "imp_rewind_early").exists()
    assert [row.epochs_before_finetune for row in results.pruned] == [6, 6]
    for percent in CHAINS:
        part = f"imp_rewind_{percent}/round_2/trained.safetensors"
        ours, theirs = load_file(tmp_path / part), load_file(whole / part)
        assert all(torch.equal(tensor, theirs[name]) for name, tensor in ours.items())


def test_a_dense_network_without_early_weights_is_refused():
    with pytest.raises(ValueError, match=r"^target\.weights=a\.pt: its early weights are unknown"):
        Rewind(0.1, dense="a.pt")
    assert Rewind(0.1, weights="early.pt", dense="a.pt").epoch(80) == 8


def test_epochs_are_rounded_and_some_have_to_be_left():
    assert [Rewind(0.05).epoch(total) for total in (2, 30, 80, 200)] == [1, 2, 4, 10]
    with pytest.raises(ValueError, match="of 1 epochs .* none is left to train"):
        Rewind(0.05).epoch(1)
    with pytest.raises(ValueError, match=r"^pruner\.rewind\.fraction must be a number above 0"):
        Rewind(1.0)

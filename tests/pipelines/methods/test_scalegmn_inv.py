"""Invariant pruning, from the command to the pruned files."""

import csv
import json
import logging

import pytest
import torch
from safetensors.torch import load_file

from datamodules.digits import Digits
from lightning_modules.invariant_pruner import InvariantPruner
from lightning_modules.predictor import Predictor
from pipelines.guards import OnPolicy, Unguarded
from pipelines.guards.visited import Visited
from pipelines.methods import ScaleGMNInv
from reporting import Results
from scalegmn.predictor import load_predictor
from scalegmn.pruning import load_masked
from scalegmn.targets import SmallCNN
from tests.zoos import metrics_of, write_zoo

pytestmark = pytest.mark.slow

# Some ten steps between two milestones; epochs of seven steps.
INVARIANT = (
    *("experiment=inv_prune_small_cnn", "pruner.steps_per_epoch=7", "trainer.max_epochs=40"),
    *("sparsity=[0.3,0.6,0.9]", "callbacks.threshold.epsilon=3e-2", "optimizer.lr=1e-2"),
    *("model.l1_weight=1e-2", "scheduler=warmup_100", "scheduler.scheduler.lr_lambda.steps=10"),
    "callbacks.rebalancing.every_n_steps=10",
)


@pytest.fixture(scope="module")
def whole(prune, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    prune(folder, *INVARIANT)
    return folder


def test_zeros_are_exact_in_every_file(zeros, whole):
    results = Results.read(whole / "results.json")
    assert results.method == "scalegmn_inv" and len(results.pruned) == 3
    for row in results.pruned:
        percent, expected = f"{100 * row.sparsity:g}", int(4912 * row.sparsity)
        saved, tuned = (whole / f"{name}_{percent}.safetensors" for name in ("sparse", "pruned"))
        assert zeros(saved) == expected and zeros(tuned) == expected
        assert row.weight_sparsity == pytest.approx(expected / 4912)
        before, after = load_file(saved), load_file(tuned)
        for name in (n for n in after if f"mask.{n}" in before):
            assert torch.equal(before[name] != 0, after[name] != 0)
        assert not torch.equal(before["fc.weight"], after["fc.weight"])
        assert row.method_sparsity is None and row.epochs_before_finetune == 0


def test_milestones_are_those_of_one_optimisation(whole):
    steps = json.loads((whole / "round.json").read_text())["steps"]
    assert list(steps) == ["0.3", "0.6", "0.9"] and len(set(steps.values())) == 3
    with (whole / "metrics.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    # It ends with the epoch of the last milestone.
    assert len(rows) == -(-steps["0.9"] // 7) < 40
    sparsity = [float(row["sparsity"]) for row in rows]
    assert sparsity == sorted(sparsity) and sparsity[-1] >= 0.9
    for row in rows:
        gap = float(row["val/predicted"]) - float(row["val/accuracy"])
        assert float(row["val/gap"]) == pytest.approx(gap, abs=1e-6)


def test_results_state_the_gap_and_what_the_predictor_had_learnt_from(whole):
    results = Results.read(whole / "results.json")
    assert results.guidance.guard == "none" and results.guidance.test_labels is False
    assert results.guidance.learnt_from == "good_and_pruned_relu (val_accuracy)"
    for row in results.pruned:
        assert 0 < row.predicted_acc < 1
        assert row.gap == row.predicted_acc - row.val_acc_before_finetune
    settings = results.protocol
    assert settings["callbacks.threshold.epsilon"] == 3e-2
    assert settings["callbacks.rebalancing.every_n_steps"] == 10
    assert not any(key.startswith("architecture") for key in settings)


# Between milestones, in the last epoch.
@pytest.mark.parametrize("batch", [25, -1])
def test_stopped_anywhere_it_ends_like_the_uninterrupted_run(
    prune, stopped, same, whole, tmp_path, batch
):
    last = json.loads((whole / "round.json").read_text())["steps"]["0.9"]
    given = {"module": InvariantPruner}
    stopped(tmp_path, f"{tmp_path.name}/checkpoints", batch % (last + 1), *INVARIANT, **given)
    prune(tmp_path, *INVARIANT)
    same(tmp_path, whole)


def test_stopped_in_a_fine_tuning_it_goes_on_there(prune, stopped, same, whole, tmp_path):
    stopped(tmp_path, "scalegmn_inv_60/lr_0.01/checkpoints", 3, *INVARIANT)
    assert (tmp_path / "finetune" / "scalegmn_inv_30" / "row.json").exists()
    prune(tmp_path, *INVARIANT)
    same(tmp_path, whole)


def test_what_it_does_not_reach_is_pruned_by_magnitude_and_said(prune, zeros, tmp_path, caplog):
    few = ("trainer.max_epochs=2", "sparsity=[0.1,0.95]")
    with caplog.at_level(logging.WARNING):
        results = prune(tmp_path, *INVARIANT, *few)
    first, last = results.pruned
    assert first.method_sparsity is None and 0.1 < last.method_sparsity < 0.95
    assert zeros(tmp_path / "pruned_95.safetensors") == int(4912 * 0.95)
    (message,) = [r.message for r in caplog.records if r.name == "pipelines.methods.optimisation"]
    assert "by itself: the smallest magnitudes make up for 95 %" in message


def test_an_ensemble_is_another_method_with_the_same_command(prune, zeros, tmp_path):
    given = ("guard=ensemble", "guard.k=0.5", "sparsity=0.3", "prune_biases=true")
    results = prune(tmp_path, *INVARIANT, *given)
    assert results.method == "scalegmn_inv_guarded" and results.guidance.guard == "ensemble"
    (row,) = results.pruned
    assert row.parameter_sparsity == pytest.approx(int(4970 * 0.3) / 4970)
    assert results.protocol["guard.k"] == 0.5


def test_other_methods_prune_beside_it(prune, tmp_path):
    given = ("+pruner@compare.magnitude=magnitude", "sparsity=0.3", "gauge=raw")
    results = prune(tmp_path, *INVARIANT[:-1], *given)
    assert [row.method for row in results.pruned] == [None, "magnitude"]
    assert results.pruned[1].gap is None


def test_the_reference_is_named_and_its_absence_too(caplog):
    given = {"method": "scalegmn_inv", "weights": None}
    reference = "outputs/reference/predictor_for_pruning/good_0/predictor.safetensors"
    with caplog.at_level(logging.INFO):
        Unguarded(**given, reference=reference)
    assert f"following the reference predictor {reference}" in caplog.text
    with pytest.raises(FileNotFoundError, match="^no/such: the reference predictor is not there"):
        Unguarded(**given, reference="no/such")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["model=equivariant_pruner"], "pruner=scalegmn_inv needs model=invariant_pruner"),
        (["callbacks=default"], "needs one that makes zeros: callbacks=threshold"),
        (["pruner.patience=0"], "pruner.patience must be above 0, got 0"),
        (["pruner.steps_per_epoch=0"], "pruner.steps_per_epoch must be a whole number"),
        (["guard=ensemble", "guard.others=[]"], "guard.others="),
        (["callbacks.threshold.epsilon=[1e-3,1e-4]"], "expected one value, or one for each"),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(prune, tmp_path, changes, message):
    with pytest.raises(Exception, match=message):
        prune(tmp_path, *INVARIANT[:4], *changes)
    assert not any(tmp_path.iterdir())


def test_a_method_without_zeros_is_refused():
    with pytest.raises(ValueError, match="needs one that makes zeros"):
        ScaleGMNInv(
            name="scalegmn_inv",
            module=InvariantPruner,
            guard=Unguarded(method="scalegmn_inv", weights=__file__, reference=""),
            callbacks={},
            steps_per_epoch=1,
            max_epochs=1,
            patience=1,
        )


@pytest.fixture(scope="module")
def zoo(tmp_path_factory):
    """Overrides that name a zoo of random networks, half of them with ReLUs."""
    folder = tmp_path_factory.mktemp("zoos")
    write_zoo(folder / "zoo", metrics_of(40, steps=(0, 1)))
    where = ("guard.zoo.folder=zoo", f"guard.zoo.data_dir={folder}")
    return ("data@guard.zoo=small_cnn_zoo", *where, "guard.zoo.label=val_accuracy")


REFINED = (
    *("guard.every_n_epochs=2", "guard.max_epochs=2", "trainer.max_epochs=5"),
    "optimizer.lr=2e-3",
)


REFINEMENT = {
    **{"method": "scalegmn_inv_guarded", "weights": __file__, "reference": "", "zoo": None},
    **{"every_n_epochs": 1, "optimizer": None, "max_epochs": 1, "copies": 1},
}


def test_a_trust_region_is_drawn_around_a_zoo(prune, zoo, tmp_path):
    results = prune(tmp_path, *INVARIANT, "guard=trust_region", *zoo, "sparsity=0.3")
    assert results.method == "scalegmn_inv_guarded" and results.guidance.guard == "trust_region"


@pytest.mark.parametrize(
    ("guard", "option"), [("on_policy", "copies=2"), ("conservative", "weight=1.0")]
)
def test_a_guard_refines_the_predictor_between_rounds(
    prune, stopped, same, zeros, zoo, tmp_path, guard, option
):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    given = (*INVARIANT, *zoo, f"guard={guard}", f"guard.{option}", *REFINED, "sparsity=[0.1,0.95]")
    results = prune(whole, *given)
    assert results.method == "scalegmn_inv_guarded" and results.guidance.guard == guard
    rounds = [json.loads((whole / f"round_{k}" / "round.json").read_text()) for k in (1, 2, 3)]
    assert [r["visited"] for r in rounds] == [[7, 14], [7, 14], [7]]
    predictors = [whole / f"round_{k}" / "refined" / "predictor.safetensors" for k in (1, 2)]
    first, second = (load_file(file) for file in predictors)
    assert any(not torch.equal(first[name], second[name]) for name in first)
    assert load_predictor(predictors[1]).trained_on == results.guidance.learnt_from
    for row in results.pruned:
        assert zeros(whole / row.file) == int(4912 * row.sparsity)
    # Inside the second round, and inside the second refinement.
    stopped(broken, "round_2/checkpoints", 10, *given, module=InvariantPruner)
    stopped(broken, "round_2/refined/checkpoints", 2, *given, module=Predictor)
    prune(broken, *given)
    same(broken, whole)


def test_a_promise_holds_within_the_tolerance():
    net = Visited({"w": torch.arange(3.0)[:, None]}, torch.tensor([0.5, 0.4, 0.9]), torch.ones(3))
    guards = {t: OnPolicy(**REFINEMENT, tolerance=t) for t in (None, 0, 0.2, 0.5)}
    assert {t: guard.held(net) for t, guard in guards.items()} == {
        **{None: [True, True, True], 0: [False, False, False]},
        **{0.2: [False, False, True], 0.5: [True, False, True]},
    }
    with pytest.raises(ValueError, match="guard.tolerance must be a number at least 0"):
        OnPolicy(**REFINEMENT, tolerance=-0.1)


# In epochs of seven steps, what was passed in the second of two epochs is forgotten.
FORGETFUL = (*REFINED, "optimizer.lr=1e-2", "sparsity=[0.76,0.95]", "trainer.max_epochs=4")


def all_but_the_second(self, visited):
    return [k != 1 for k in range(len(visited))]


def test_what_came_after_a_broken_promise_is_forgotten(prune, zoo, zeros, tmp_path, monkeypatch):
    monkeypatch.setattr(OnPolicy, "held", all_but_the_second)
    begun = []
    optimise = ScaleGMNInv._round

    def spied(self, run, net, *arguments):
        begun.append({name: p.clone() for name, p in net.state_dict().items()})
        return optimise(self, run, net, *arguments)

    monkeypatch.setattr(ScaleGMNInv, "_round", spied)
    given = (*INVARIANT, *zoo, "guard=on_policy", *FORGETFUL)
    results = prune(tmp_path, *given)
    rounds = [json.loads((tmp_path / f"round_{k}" / "round.json").read_text()) for k in (1, 2)]
    assert [r["visited"] for r in rounds] == [[7, 14], [7, 14]]
    assert 7 < rounds[0]["steps"]["0.76"] and rounds[1]["steps"]["0.76"] <= 7
    # The second round begins where the first was after one epoch, and passes it again.
    visited = load_file(tmp_path / "round_1" / "visited.safetensors")
    assert all(torch.equal(begun[1][name], visited[name][0]) for name in begun[1])
    first, last = results.pruned
    saved = rounds[1]["candidates"]["0.76"]
    assert saved != rounds[0]["candidates"]["0.76"]
    assert first.predicted_acc == saved["predicted_acc"] and first.method_sparsity is None
    net = SmallCNN()
    load_masked(tmp_path / "sparse_76.safetensors", net)
    data = Digits(batch_size=300)
    data.setup()
    x, y = data.full_batch("val")
    right = float((net(x).argmax(1) == y).float().mean())
    assert first.val_acc_before_finetune == pytest.approx(right)
    completed = json.loads((tmp_path / "completed.json").read_text())
    assert list(completed) == ["0.95"] and 0.76 <= last.method_sparsity < 0.95
    assert zeros(tmp_path / "sparse_95.safetensors") == int(4912 * 0.95)


def test_a_candidate_that_breaks_its_promise_is_forgotten(prune, zoo, tmp_path, monkeypatch):
    # Of the first round, whose networks after the epochs would do.
    held = iter([[True, True, False]])
    monkeypatch.setattr(OnPolicy, "held", lambda self, v: next(held, [True] * len(v)))
    given = (*INVARIANT, *zoo, "guard=on_policy", *FORGETFUL)
    first, _ = prune(tmp_path, *given).pruned
    rounds = [json.loads((tmp_path / f"round_{k}" / "round.json").read_text()) for k in (1, 2)]
    assert first.predicted_acc == rounds[1]["candidates"]["0.76"]["predicted_acc"]
    saved = load_file(tmp_path / "round_1" / "visited.safetensors")
    candidate = rounds[0]["candidates"]["0.76"]
    assert len(saved["val_accuracy"]) == 3
    assert saved["val_accuracy"][2] == pytest.approx(candidate["val_acc_before_finetune"])
    assert saved["predicted_accuracy"][2] == pytest.approx(candidate["predicted_acc"])


def test_stopped_after_a_broken_promise_it_goes_on_alike(
    prune, stopped, same, zoo, tmp_path, monkeypatch
):
    monkeypatch.setattr(OnPolicy, "held", all_but_the_second)
    given = (*INVARIANT, *zoo, "guard=on_policy", *FORGETFUL)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    prune(whole, *given)
    stopped(broken, "round_2/checkpoints", 4, *given, module=InvariantPruner)
    stopped(broken, "scalegmn_inv_guarded_76/lr_0.01/checkpoints", 3, *given)
    prune(broken, *given)
    same(broken, whole)


def test_what_is_passed_before_the_first_step_is_measured_too(prune, zoo, tmp_path):
    given = (*INVARIANT, *zoo, "guard=on_policy", *REFINED, "sparsity=0.3")
    (row,) = prune(tmp_path, *given, "callbacks.threshold.epsilon=0.5").pruned
    outcome = json.loads((tmp_path / "round_1" / "round.json").read_text())
    assert outcome["steps"] == {"0.3": 0} and outcome["visited"] == [0]
    assert row.method_sparsity is None


def test_it_ends_where_rounds_bring_no_more_zeros(prune, zoo, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(OnPolicy, "held", lambda self, visited: [False] * len(visited))
    given = (*INVARIANT, *zoo, "guard=on_policy", *REFINED, "sparsity=[0.5,0.95]")
    with caplog.at_level(logging.WARNING):
        results = prune(tmp_path, *given, "pruner.patience=2")
    assert "by itself: the smallest magnitudes make up for 50 and 95 %" in caplog.text
    assert [row.method_sparsity for row in results.pruned] == [0, 0]
    assert not (tmp_path / "round_2").exists()


def test_visited_networks_have_their_true_accuracies(prune, zoo, tmp_path):
    given = (*INVARIANT, *zoo, "guard=on_policy", *REFINED, "sparsity=0.95")
    prune(tmp_path, *given)
    saved = load_file(tmp_path / "round_1" / "visited.safetensors")
    data, net = Digits(batch_size=300), SmallCNN()
    data.setup()
    x, y = data.full_batch("val")
    for k, label in enumerate(saved["val_accuracy"]):
        net.load_state_dict({name: saved[name][k] for name in net.state_dict()})
        assert label == pytest.approx(float((net(x).argmax(1) == y).float().mean()))

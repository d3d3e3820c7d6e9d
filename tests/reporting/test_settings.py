import pytest

from reporting.settings import (
    canonical,
    describe,
    kind,
    labels,
    shared_settings,
    short_names,
    usual_settings,
)

UNRECORDED = {"experiment": "old"}


def test_equal_settings_have_one_text_whatever_their_order_and_kind_of_number():
    assert canonical({"a": 1, "b": [0.1, 2.0]}) == canonical({"b": [0.1, 2], "a": 1.0})
    assert canonical({"a": True}) != canonical({"a": 1})
    assert canonical({"a": 1}) != canonical({"a": 1.5})


def test_a_label_has_what_differs_and_nothing_else():
    variants = [
        ("magnitude", {"pruner.gauge": "raw", "finetune.patience": 10}),
        ("magnitude", {"pruner.gauge": "balanced", "finetune.patience": 10}),
        ("random", {"finetune.patience": 10}),
    ]
    assert labels(variants) == ["raw", "balanced", ""]
    assert shared_settings([settings for _, settings in variants]) == {"finetune.patience": 10}


def test_budgets_are_compared_between_methods_and_a_methods_own_settings_are_not():
    variants = [
        ("scalegmn_eq", {"finetune.max_epochs": 1000, "optimizer.lr": 1e-3}),
        ("magnitude", {"finetune.max_epochs": 100, "optimizer.lr": 1e-4}),
    ]
    assert labels(variants) == ["finetune max_epochs 1000", "finetune max_epochs 100"]


def test_the_rate_of_an_operator_is_named_as_such():
    variants = [("scalegmn_eq", {"optimizer.lr": lr}) for lr in (1e-3, 1e-4)]
    assert labels(variants) == ["operator lr 0.001", "operator lr 0.0001"]


def test_a_setting_that_one_of_two_runs_of_a_method_lacks_differs():
    assert labels([("m", {"a.b": 1}), ("m", {})]) == ["b 1", ""]
    assert labels([("m", {"a.b": 1}), ("n", {})]) == ["", ""]


def test_runs_that_recorded_nothing_are_told_from_those_that_did():
    variants = [("m", {"a": 1, "b": 2}), ("m", UNRECORDED)]
    assert labels(variants) == ["", "old"]
    assert labels([("m", UNRECORDED), ("n", {"experiment": "other"})]) == ["", ""]
    assert shared_settings([UNRECORDED]) == {}


def test_a_label_spells_out_six_settings_at_most():
    many = {f"x.k{i}": i for i in range(9)}
    assert labels([("m", many), ("m", {})]) == ["k0 0, k1 1, k2 2, k3 3, k4 4, k5 5, 3 more", ""]


def test_what_most_variants_have_needs_no_word():
    variants = [("m", {"finetune.engine": "a", "x.k": 1}) for _ in range(2)]
    variants += [("m", {"finetune.engine": "b", "x.k": 1}), ("n", {"finetune.engine": "a"})]
    assert labels(variants) == ["", "", "engine b", ""]
    assert usual_settings(variants) == {m: {"finetune.engine": "a"} for m in "mn"}


def test_gauges_ties_and_settings_that_some_lack_are_always_named():
    gauges = [("m", {"selection.gauge": g}) for g in ("raw", "raw", "balanced")]
    assert labels(gauges) == ["raw", "raw", "balanced"]
    assert labels([("m", {"k": 1}), ("m", {"k": 2})]) == ["k 1", "k 2"]
    assert labels([("m", {"k": 1}), ("m", {"k": 1}), ("m", {})]) == ["k 1", "k 1", ""]


def test_a_methods_own_settings_are_counted_among_its_own_variants():
    variants = [("m", {"optimizer.lr": lr}) for lr in (1, 1, 2)]
    variants += [("n", {"optimizer.lr": lr}) for lr in (2, 2, 2, 1)]
    expected = ["", "", "optimizer lr 2", "", "", "", "optimizer lr 1"]
    assert labels(variants) == expected


def test_settings_of_the_paper_have_its_names():
    weights = [("scalegmn_eq", {"model.l1_weight": w}) for w in (0.001, 0.003)]
    assert labels(weights) == ["λ 0.001", "λ 0.003"]
    kinds = [("m", {"architecture.kind._target_": f"scalegmn.nn.{k}"}) for k in ("Scale", "Sign")]
    assert labels(kinds) == ["symmetry Scale", "symmetry Sign"]


def test_labels_are_distinct_also_where_values_look_alike():
    variants = [("m", {"a._target_": target, "b": 1}) for target in ("x.C", "y.C")]
    assert labels(variants) == ['{"a._target_": "x.C"}', '{"a._target_": "y.C"}']
    assert len(set(labels([("m", {"a": 0.12345678}), ("m", {"a": 0.12345679})]))) == 2


def test_short_names_are_unique():
    names = short_names(["a.width", "b.c.width", "optimizer.lr", "prune_biases"])
    assert names["a.width"] == "a width" and names["b.c.width"] == "c width"
    assert names["optimizer.lr"] == "optimizer lr" and names["prune_biases"] == "prune biases"
    assert short_names({"pruner.score._target_"}) == {"pruner.score._target_": "score"}


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("preserve size", True, "preserve size"),
        ("preserve size", False, "no preserve size"),
        ("skip", None, "no skip"),
        ("width", 16, "width 16"),
        ("rate", 0.0001, "rate 0.0001"),
        ("finetune lr", [0.01, 0.001], "fine-tuning rates 0.01, 0.001"),
        ("precision", "bf16-mixed", "bf16-mixed"),
        ("distill", "scalegmn.distillation.Distillation", "distilled"),
        ("optimizer", "torch.optim.SGD", "optimizer SGD"),
        ("version", "v1.0 of 2026", "version v1.0 of 2026"),
    ],
)
def test_settings_are_described_in_a_few_words(name, value, text):
    assert describe(name, value) == text


def test_each_guard_of_a_method_is_compared_with_its_own_kind():
    def guarded(guard, **settings):
        keys = {f"guard.{key}": value for key, value in settings.items()}
        return "scalegmn_inv_guarded", {"guard._target_": f"pipelines.guards.{guard}", **keys}

    variants = [
        ("scalegmn_inv", {"guard._target_": "pipelines.guards.Unguarded"}),
        guarded("Ensemble", k=1.0, others=["a", "b"]),
        guarded("OnPolicy", copies=8, tolerance=None),
        guarded("OnPolicy", copies=8, tolerance=0.05),
    ]
    assert labels(variants) == [
        "",
        "Ensemble",
        "OnPolicy, no tolerance",
        "OnPolicy, tolerance 0.05",
    ]
    assert kind(*variants[0]) == "scalegmn_inv"
    assert kind(*variants[1]) == "scalegmn_inv_guarded Ensemble"
    assert kind("l1", {}) == "l1"
    assert "scalegmn_inv_guarded OnPolicy" in usual_settings(variants)

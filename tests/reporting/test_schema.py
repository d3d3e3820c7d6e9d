import json
from math import inf, nan

import pytest

from reporting import DenseRow, FineTuneRate, Guidance, LayerRow, PrunedRow, Results

RESULTS = Results(
    experiment="eq_prune_small_cnn",
    method="scalegmn_eq",
    target="small_cnn",
    dataset="cifar10_gray",
    data_note="jpeg q75 copy",
    seed=42,
    dense=DenseRow(
        test_acc=0.57,
        val_acc=0.58,
        val_loss=1.2,
        parameters=4970,
        saw_validation=True,
        hash="0123456789abcdef",
    ),
    pruned=(
        PrunedRow(
            sparsity=0.9,
            test_acc=0.46,
            nonzero=550,
            file="pruned_90.safetensors",
            finetune_lr=1e-3,
            finetune_rates=(
                FineTuneRate(lr=1e-3, val_loss=1.4, val_acc=0.5, epochs=31),
                FineTuneRate(lr=1e-4, val_loss=1.5),
            ),
            finetune_lr_at_edge=True,
            epochs_before_finetune=0,
            layers=(LayerRow(name="fc.weight", weights=160, nonzero=91),),
        ),
        PrunedRow(sparsity=0.9, test_acc=0.44, method="magnitude", predicted_acc=0.9),
    ),
    guidance=Guidance(guard="none", predictor="StatNN", learnt_from="a zoo", test_labels=True),
    metrics={"kendall_tau": 0.93},
    protocol={"target.net.width": 16, "prune_biases": False, "finetune.lr": [1e-3, 1e-4]},
    wall_seconds=61.2,
    method_seconds=51.2,
    versions={"torch": "2.13.0"},
)


def test_what_is_written_is_read(tmp_path):
    RESULTS.write(tmp_path / "run" / "results.json")
    assert Results.read(tmp_path / "run" / "results.json") == RESULTS
    assert [file.name for file in (tmp_path / "run").iterdir()] == ["results.json"]


def test_keys_that_do_not_apply_are_left_out(tmp_path):
    Results(experiment="predict_small_cnn", seed=0, metrics={"tau": 0.0}).write(tmp_path / "r.json")
    expected = {"experiment": "predict_small_cnn", "seed": 0, "metrics": {"tau": 0.0}}
    assert json.loads((tmp_path / "r.json").read_text()) == expected


@pytest.mark.parametrize("value", [nan, inf])
def test_numbers_that_json_does_not_know_are_left_out(tmp_path, value):
    row = DenseRow(test_acc=0.1, val_loss=value)
    Results(experiment="e", seed=0, target="t", dataset="d", dense=row).write(tmp_path / "r.json")
    assert Results.read(tmp_path / "r.json").dense == DenseRow(test_acc=0.1)


def test_a_whole_number_is_read_as_a_fraction_and_unknown_keys_are_ignored(tmp_path):
    (tmp_path / "r.json").write_text(
        '{"experiment": "e", "seed": 0, "target": "t", "dataset": "d", "later": [],'
        ' "dense": {"test_acc": 1}}'
    )
    assert Results.read(tmp_path / "r.json").dense == DenseRow(test_acc=1.0)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"experiment": "e", "se', "Unterminated"),
        ("[1, 2]", "an object"),
        ('{"experiment": "e"}', "'seed' is missing"),
        ('{"experiment": "e", "seed": "42"}', "'seed' cannot be '42'"),
        ('{"experiment": "e", "seed": 1, "pruned": 3}', "'pruned' cannot be 3"),
        (
            '{"experiment": "e", "seed": 1, "pruned": [{"sparsity": 0.9}]}',
            r"pruned\[0\].*'test_acc' is missing",
        ),
        ('{"experiment": "e", "seed": 1, "dense": {"test_acc": 57.2}}', "in 'dense'.*fraction"),
        ('{"experiment": "e", "seed": 1, "method": 3}', "'method' cannot be 3"),
        ('{"experiment": "e", "seed": 1, "wall_seconds": NaN}', "it has NaN"),
        ('{"experiment": "e", "seed": 1, "protocol": [1]}', "'protocol' cannot be"),
        ("[" * 100_000, "nested too deeply"),
        ('{"experiment": "e", "seed": 1, "dense": {"test_acc": 0.5}}', "its target and dataset"),
        (
            '{"experiment": "e", "seed": 1, "target": "t", "dataset": "d",'
            ' "pruned": [{"sparsity": 0.9, "test_acc": 0.5}]}',
            "needs that of the run",
        ),
    ],
)
def test_a_foreign_file_is_named_with_what_is_wrong(tmp_path, text, complaint):
    file = tmp_path / "results.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=complaint) as raised:
        Results.read(file)
    assert str(file) in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", '{"experiment": "é"'.encode("latin-1")])
def test_a_file_that_is_not_utf_8_is_refused(tmp_path, content):
    (tmp_path / "results.json").write_bytes(content)
    with pytest.raises(ValueError, match="results.json: it is not UTF-8 text"):
        Results.read(tmp_path / "results.json")


def test_a_byte_order_mark_is_skipped(tmp_path):
    RESULTS.write(tmp_path / "r.json")
    text = (tmp_path / "r.json").read_text(encoding="utf-8")
    (tmp_path / "r.json").write_text(text, encoding="utf-8-sig")
    assert Results.read(tmp_path / "r.json") == RESULTS


def test_a_method_of_the_users_own_is_read(tmp_path, run):
    run(method="mine").write(tmp_path / "r.json")
    assert Results.read(tmp_path / "r.json").method == "mine"


@pytest.mark.parametrize("place", ["metrics", "protocol"])
def test_nan_is_never_written_at_any_depth(tmp_path, place):
    values = {"a": nan, "b": 1.0, "c": [nan, 2.0]} if place == "protocol" else {"a": nan, "b": 1.0}
    Results(experiment="e", seed=0, **{place: values}).write(tmp_path / "r.json")
    text = (tmp_path / "r.json").read_text()
    assert "NaN" not in text and json.loads(text)[place]["b"] == 1.0


def test_a_gap_is_what_was_promised_less_what_is():
    row = PrunedRow(sparsity=0.9, test_acc=0.5, predicted_acc=0.75, val_acc_before_finetune=0.5)
    assert row.gap == 0.25
    assert PrunedRow(sparsity=0.9, test_acc=0.5, predicted_acc=0.75).gap is None
    with pytest.raises(ValueError, match="method_sparsity must be a fraction"):
        PrunedRow(sparsity=0.9, test_acc=0.5, method_sparsity=60.0)


HUGE = "1" + 400 * "0"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"test_acc": 0.5', f'"test_acc": {HUGE}'),
        ('"nonzero": 3', f'"nonzero": {HUGE}'),
        ('"nonzero": 3', '"nonzero": -1'),
        ('"lr": 0.1', '"lr": 1e999'),
        ('"lr": 0.1', '"lr": 0'),
        ('"weights": 4', '"weights": 0'),
        ('"weights": 4', '"weights": 1'),
        ('"method": "m"', '"method": "\\ud800"'),
        ('"seed": 1', '"seed": true'),
    ],
)
def test_values_that_no_run_has_are_refused(tmp_path, before, after):
    row = PrunedRow(
        sparsity=0.5,
        test_acc=0.5,
        nonzero=3,
        finetune_rates=(FineTuneRate(lr=0.1),),
        layers=(LayerRow(name="fc", weights=4, nonzero=2),),
    )
    file = tmp_path / "results.json"
    Results(
        experiment="e",
        seed=1,
        method="m",
        target="t",
        dataset="d",
        dense=RESULTS.dense,
        pruned=(row,),
    ).write(file)
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))
    with pytest.raises(ValueError, match="is not a results.json") as error:
        Results.read(file)
    assert "\n" not in str(error.value)

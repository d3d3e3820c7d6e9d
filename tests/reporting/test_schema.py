import json
from math import inf, nan

import pytest

from reporting import DenseRow, PrunedRow, Results

RESULTS = Results(
    experiment="eq_prune_small_cnn",
    method="scalegmn_eq",
    target="small_cnn",
    dataset="cifar10_gray",
    data_note="jpeg q75 copy",
    seed=42,
    dense=DenseRow(test_acc=0.57, val_acc=0.58, val_loss=1.2, parameters=4970, saw_validation=True),
    pruned=(
        PrunedRow(sparsity=0.9, test_acc=0.46, nonzero=550, file="pruned_90.safetensors"),
        PrunedRow(sparsity=0.9, test_acc=0.44, method="magnitude"),
    ),
    metrics={"kendall_tau": 0.93},
    wall_seconds=61.2,
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
        ('{"experiment": "e", "seed": 1, "method": "magic"}', "magic"),
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


def test_a_file_that_is_not_text_is_refused(tmp_path):
    (tmp_path / "results.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="results.json"):
        Results.read(tmp_path / "results.json")

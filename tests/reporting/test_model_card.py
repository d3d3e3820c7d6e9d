"""Model cards state what is known, and say what is missing."""

from dataclasses import replace

import pytest
import yaml

from reporting import DenseRow, PrunedRow, Results
from reporting.model_card import Exported, model_card
from reporting.provenance import provenance

EXPORTED = Exported(
    name="pruned_90",
    file="pruned_90.onnx",
    format="onnx",
    target="small_cnn",
    network="scalegmn.targets.SmallCNN",
    metadata={"method": "magnitude", "dataset": "cifar10_gray"},
    parameters=1000,
    nonzero=100,
    weight_sparsity=0.9,
    macs=2000,
    removed={"conv": (4, 3)},
    images=(1, 32, 32),
    mean=(0.5,),
    std=(0.25,),
    difference=1e-7,
    licence=None,
)


def results(**options):
    row = PrunedRow(
        sparsity=0.9, test_acc=0.4613, nonzero=100, val_acc=0.47, finetune_epochs=31,
        finetune_lr=1e-4, file="pruned_90.safetensors",
    )  # fmt: skip
    other = replace(row, method="random", file="random/pruned_90.safetensors", test_acc=0.1)
    given = dict(
        experiment="eq_prune_small_cnn", method="scalegmn_eq", target="small_cnn", seed=7,
        dataset="cifar10_gray", data_note="jpeg q75 copy", pruned=(row, other),
        dense=DenseRow(test_acc=0.57, saw_validation=True, hash="abc"),
    )  # fmt: skip
    return Results(**(given | options))


def card(folder, name="pruned_90.safetensors", *, nonzero=100, digest="", **options):
    origin = provenance(folder / name, nonzero=nonzero, digests=[digest])
    text = model_card(replace(EXPORTED, **options), origin)
    _, matter, body = text.split("---\n", 2)
    return yaml.safe_load(matter), body


@pytest.fixture
def folder(tmp_path):
    results().write(tmp_path / "results.json")
    (tmp_path / ".hydra").mkdir()
    command = "- experiment=eq_prune_small_cnn\n- seed=7\n"
    (tmp_path / ".hydra" / "overrides.yaml").write_text(command)
    return tmp_path


def test_facts_come_from_the_results_beside_the_file(folder):
    matter, body = card(folder, licence="mit")
    assert matter["license"] == "mit" and matter["library_name"] == "onnx"
    assert matter["tags"] == ["pruning", "small_cnn", "scalegmn_eq"]
    (entry,) = matter["model-index"]
    assert entry["results"][0]["metrics"] == [{"type": "accuracy", "value": 0.4613}]
    for fact in (
        "**method**: scalegmn\\_eq",
        "**test accuracy**: 46.13 %, of the network before the export",
        "**test accuracy of the dense network**: 57.00 %",
        "**seeds**: 7: one run",
        "**command**: python train.py experiment=eq\\_prune\\_small\\_cnn seed=7",
        "**note on the images**: jpeg q75 copy",
        "**trained on validation images**: yes",
        "**fine-tuning**: 31 epochs, learning rate 0.0001",
        "**removed channels**: conv 4 to 3",
        "pixels in \\[0, 1\\], less \\[0.5\\], over \\[0.25\\]",
    ):
        assert fact in body
    assert "missing" not in body


def test_what_is_not_known_is_missing(tmp_path):
    matter, body = card(tmp_path, mean=None)
    assert matter["license"] == "unknown" and "model-index" not in matter
    for fact in ("test accuracy", "seeds", "command", "experiment", "note on the images"):
        assert f"**{fact}**: missing: there is no results.json beside the file" in body
    assert "**licence**: unknown" in body
    assert "**scale of the input**: missing" in body
    # What the file itself says.
    assert "**method**: magnitude" in body and "**dataset**: cifar10\\_gray" in body


def test_results_of_another_network_are_not_used(folder):
    _, body = card(folder, nonzero=99)
    assert "**test accuracy**: missing: results.json beside the file has no row of this" in body
    assert "46.13" not in body


def test_networks_of_compared_methods_lie_in_folders_of_the_run(folder):
    (folder / "random").mkdir()
    matter, body = card(folder, "random/pruned_90.safetensors")
    assert "random" in matter["tags"] and "**test accuracy**: 10.00 %" in body


def test_a_dense_network_is_known_by_its_tensors(folder):
    matter, body = card(folder, "dense.safetensors", digest="abc")
    assert "dense" in matter["tags"] and "**test accuracy**: 57.00 %" in body
    assert "missing" in card(folder, "dense.safetensors", digest="abd")[1]


def test_runs_on_some_batches_and_damaged_results_are_named(tmp_path):
    results(debug=True).write(tmp_path / "results.json")
    assert "whose numbers mean nothing" in card(tmp_path)[1]
    (tmp_path / "results.json").write_text("{")
    assert "missing: results.json cannot be read" in card(tmp_path)[1]


def test_text_of_files_is_no_markup(tmp_path):
    about = {"method": "a\n# b <script> [x](y)", "dataset": "d: {e"}
    matter, body = card(tmp_path, metadata=about)
    assert matter["datasets"] == ["d: {e"] and matter["tags"][-1] == about["method"]
    assert "a \\# b &lt;script&gt; \\[x\\](y)" in body

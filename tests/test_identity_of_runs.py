"""What decides whether two runs, or two jobs of a sweep, are the same."""

import re

import pytest

from pipelines.identity import config_hash
from pipelines.job_folder import job_folder
from tests.composing import composed


def test_paths_and_devices_are_no_part_of_a_runs_identity(monkeypatch, tmp_path):
    monkeypatch.setenv("SCALEGMN_DATA", "/somewhere")
    base = config_hash(composed())
    for same in (
        "paths.run_dir=/elsewhere",
        "paths.data_dir=/x",
        "trainer.devices=2",
        "logger=none",
    ):
        assert config_hash(composed(same)) == base
    for other in ("seed=1", "sparsity=0.9", "optimizer.lr=1e-4", "finetune.lr=1e-4", "data.seed=1"):
        assert config_hash(composed(other)) != base


def test_the_folder_of_a_job_depends_on_what_was_asked_for():
    asked = ["experiment=finetune_small_cnn", "optimizer.lr=0.1", "target.weights=/a/b=1.npy"]
    folder = job_folder(asked)
    assert folder.startswith("lr_0.1-") and re.fullmatch(r"[\w.-]+", folder)
    assert job_folder(reversed(asked)) == folder == job_folder([*asked, "paths.dense_dir=/x"])
    assert job_folder([*asked[:2], "target.weights=/c/b=1.npy"]) != folder
    assert re.fullmatch(r"\w+", job_folder(["experiment=quickstart"]))
    named = ["+sweep=table1_small_cnn", "experiment=table1/dense", "seed=42"]
    assert job_folder(named).startswith("dense-seed_42-")
    assert job_folder(named) != job_folder(["+sweep=other", *named[1:]])
    long = [job_folder([f"sparsity=[{'0.5,' * 50}{last}]"]) for last in (0.6, 0.7)]
    assert long[0] != long[1] and len(long[0]) < 100


def test_the_network_to_prune_counts_with_its_content(tmp_path):
    (tmp_path / "a.pt").write_bytes(b"network")
    (tmp_path / "b.pt").write_bytes(b"network")
    (tmp_path / "c.pt").write_bytes(b"another")
    a, b, c = (config_hash(composed(f"target.weights={tmp_path}/{n}.pt")) for n in "abc")
    assert a == b != c
    experiment = "experiment=predict_small_cnn"
    weights = [f"predictor.weights={tmp_path}/{n}.pt" for n in "abc"]
    a, b, c = (config_hash(composed(experiment, given)) for given in weights)
    assert a == b != c


@pytest.mark.parametrize(
    ("data", "folder"),
    [
        ("small_cnn_zoo", "folder"),
        ("pruned_zoo", "base.folder"),
        ("zoo_union", "pruned.folder"),
        ("zoo_union", "pruned.base.folder"),
    ],
)
def test_a_zoo_to_learn_from_counts_with_its_table(tmp_path, data, folder):
    for where, content in (("a", b"zoo"), ("b", b"zoo"), ("c", b"another")):
        (tmp_path / where / "mine").mkdir(parents=True)
        (tmp_path / where / "mine" / "metrics.csv.gz").write_bytes(content)
    asked = ("experiment=predict_small_cnn", f"data={data}", f"data.{folder}=mine")
    a, b, c = (config_hash(composed(*asked, f"paths.data_dir={tmp_path}/{n}")) for n in "abc")
    assert a == b != c


def test_inrs_to_learn_from_count_with_their_record(tmp_path):
    for where, content in (("a", b"inrs"), ("b", b"inrs"), ("c", b"others")):
        (tmp_path / where / "mine").mkdir(parents=True)
        (tmp_path / where / "mine" / "inrs.json").write_bytes(content)
    asked = ("experiment=inr_edit", "data.folder=mine")
    a, b, c = (config_hash(composed(*asked, f"paths.data_dir={tmp_path}/{n}")) for n in "abc")
    assert a == b != c

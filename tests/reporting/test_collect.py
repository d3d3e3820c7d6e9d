import os
from dataclasses import replace

import pytest

from reporting import collect


def test_every_file_is_read_once_and_oldest_first(run, tmp_path):
    for seed, place in [(1, "outputs/a/x"), (2, "outputs/reference/small_cnn"), (3, "more/b")]:
        file = tmp_path / place / "results.json"
        run(seed).write(file)
        os.utime(file, (10 - seed, 10 - seed))
    roots = [tmp_path / "outputs", tmp_path / "outputs" / "reference", tmp_path / "more"]
    runs, complaints = collect(roots)
    assert [run.results.seed for run in runs] == [3, 2, 1]
    assert [run.name for run in runs] == ["b", "reference/small_cnn", "a/x"]
    assert complaints == []


def test_broken_files_are_named_each_in_one_line_and_the_others_read(run, tmp_path):
    run().write(tmp_path / "good" / "results.json")
    broken = {
        "broken": (b'{"experiment": "e', "Unterminated string"),
        "foreign": (b'{"accuracy": 1}', "'experiment' is missing"),
        "binary": (b"\xff\x00\x80", "not UTF-8"),
        "latin": ('{"experiment": "é"}'.encode("latin-1"), "not UTF-8"),
        "empty": (b"", "Expecting value"),
        "nan": (b'{"experiment": "e", "seed": 1, "metrics": {"a": NaN}}', "it has NaN"),
    }
    for name, (content, _) in broken.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "results.json").write_bytes(content)
    (tmp_path / "folder" / "results.json").mkdir(parents=True)
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / "results.json").symlink_to(tmp_path / "nowhere")
    runs, complaints = collect([tmp_path])
    assert [run.name for run in runs] == ["good"]
    reasons = {name: reason for name, (_, reason) in broken.items()}
    reasons |= {"folder": "cannot be read: Is a directory", "link": "cannot be read: No such file"}
    assert len(complaints) == len(reasons)
    for name, reason in reasons.items():
        (complaint,) = [c for c in complaints if str(tmp_path / name / "results.json") in c]
        assert reason in complaint and "\n" not in complaint


def test_a_byte_order_mark_is_no_damage(run, tmp_path):
    file = tmp_path / "results.json"
    run().write(file)
    file.write_text(file.read_text(encoding="utf-8"), encoding="utf-8-sig")
    (found,), complaints = collect([tmp_path])
    assert found.results == run() and complaints == []


def test_a_folder_that_is_not_there_is_named(tmp_path):
    runs, complaints = collect([tmp_path / "nothing"])
    assert runs == [] and complaints == [f"skipped: there is no folder {tmp_path / 'nothing'}"]


def test_a_root_may_be_a_file_and_begin_at_home(run, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    run().write(tmp_path / "x" / "results.json")
    for root in ("~", "~/x", "~/x/results.json"):
        (found,), _ = collect([root])
        assert found.name == "x"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_named(run, tmp_path):
    run().write(tmp_path / "file" / "results.json")
    run().write(tmp_path / "folder" / "results.json")
    (tmp_path / "file" / "results.json").chmod(0)
    (tmp_path / "folder").chmod(0)
    runs, complaints = collect([tmp_path])
    (tmp_path / "folder").chmod(0o700)
    assert runs == []
    assert sorted("Permission denied" in line for line in complaints) == [True, True]


def test_results_that_came_with_the_project_are_read_on_request_and_marked(run, tmp_path):
    shipped = tmp_path / "outputs" / "reference"
    run(1).write(tmp_path / "outputs" / "mine" / "results.json")
    run(2).write(shipped / "a" / "results.json")

    def found(root, **options):
        return [(r.results.seed, r.shipped) for r in collect([root], shipped=shipped, **options)[0]]

    assert found(tmp_path / "outputs") == [(1, False)]
    assert found(shipped) == found(shipped / "a") == [(2, True)]
    assert sorted(found(tmp_path / "outputs", with_shipped=True)) == [(1, False), (2, True)]


def test_a_file_without_a_protocol_gets_that_of_the_config_beside_it(run, tmp_path):
    run(1).write(tmp_path / "a" / "results.json")
    own = {"pruner.gauge": "raw"}
    replace(run(1), protocol=own).write(tmp_path / "b" / "results.json")
    config = (
        "seed: 1\nnum_threads: 1\npaths: {data_dir: /x}\nselection: {gauge: balanced}\n"
        "finetune: {lr: [0.01, 0.001]}\ntrainer: {devices: 2, precision: 32-true}\n"
    )
    for name in ("a", "b"):
        (tmp_path / name / ".hydra").mkdir()
        (tmp_path / name / ".hydra" / "config.yaml").write_text(config)
    protocols = {run.name: run.results.protocol for run in collect([tmp_path])[0]}
    assert protocols["b"] == own
    assert protocols["a"] == {
        "seed": 1,
        "selection.gauge": "balanced",
        "finetune.lr": [0.01, 0.001],
        "trainer.precision": "32-true",
    }
    (tmp_path / "a" / ".hydra" / "config.yaml").write_text("{a: [")
    runs, complaints = collect([tmp_path / "a"])
    assert runs[0].results == run(1) and complaints == []

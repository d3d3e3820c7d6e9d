import os

from reporting import collect


def test_every_file_is_read_once_and_oldest_first(run, tmp_path):
    for seed, place in [(1, "outputs/a/x"), (2, "outputs/reference/small_cnn"), (3, "more/b")]:
        file = tmp_path / place / "results.json"
        run(seed).write(file)
        os.utime(file, (10 - seed, 10 - seed))
    roots = [tmp_path / "outputs", tmp_path / "outputs" / "reference", tmp_path / "more"]
    results, complaints = collect(roots)
    assert [result.seed for result in results] == [3, 2, 1]
    assert complaints == []


def test_broken_files_are_named_and_skipped(run, tmp_path):
    run().write(tmp_path / "good" / "results.json")
    for name, text in [("broken", '{"experiment": "e'), ("foreign", '{"accuracy": 1}')]:
        (tmp_path / name).mkdir()
        (tmp_path / name / "results.json").write_text(text)
    (tmp_path / "folder" / "results.json").mkdir(parents=True)
    results, complaints = collect([tmp_path])
    assert len(results) == 1
    for name in ("broken", "foreign", "folder"):
        (complaint,) = [c for c in complaints if str(tmp_path / name / "results.json") in c]
        assert "\n" not in complaint


def test_a_folder_that_is_not_there_is_empty(tmp_path):
    assert collect([tmp_path / "nothing"]) == ([], [])

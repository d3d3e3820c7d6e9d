import pytest

from scalegmn.formats import atomic_path
from scalegmn.formats.atomic import leftovers


def test_the_file_appears_whole_when_the_block_ends(tmp_path):
    path = tmp_path / "new" / "folder" / "results.json"
    with atomic_path(path) as temporary:
        temporary.write_text("{}")
        assert not path.exists()
        assert (temporary.parent, temporary.suffix) == (path.parent, ".json")
    assert path.read_text() == "{}"
    assert [p.name for p in path.parent.iterdir()] == ["results.json"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_failure_keeps_the_old_file_and_leaves_nothing(tmp_path, error):
    path = tmp_path / "results.json"
    path.write_text("old")
    with pytest.raises(error), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise error
    assert [p.name for p in tmp_path.iterdir()] == ["results.json"]
    assert path.read_text() == "old"


def test_two_writers_do_not_mix(tmp_path):
    path = tmp_path / "file"
    with atomic_path(path) as one, atomic_path(path) as two:
        one.write_text("one")
        two.write_text("two")
    assert path.read_text() == "one"


def test_leftovers_are_those_of_one_file_only(tmp_path):
    path = tmp_path / "metrics.csv.gz"
    with atomic_path(path) as half:
        for name in (half.name, ".metrics.csv.gz", ".metrics.csv.old.gz", ".pre-commit.yaml"):
            (tmp_path / name).touch()
        assert leftovers(path) == [half]
    assert leftovers(path) == [] == leftovers(tmp_path / "none" / "file")

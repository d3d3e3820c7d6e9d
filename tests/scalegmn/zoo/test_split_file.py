import numpy as np
import pytest

from scalegmn.zoo.split_file import find_split_file, read_order
from tests.zoos import write_split


def test_the_stray_line_is_dropped(tmp_path):
    order = write_split(tmp_path / "split.csv", 50)
    assert np.array_equal(read_order(tmp_path / "split.csv", 50), order)


def test_a_file_without_it_is_fine_too(tmp_path):
    order = np.random.default_rng(0).permutation(50)
    np.savetxt(tmp_path / "split.csv", order, fmt="%d")
    assert np.array_equal(read_order(tmp_path / "split.csv", 50), order)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not one whole number per line"),
        ("a\nb\n", "not one whole number per line"),
        ("0\n1\n2\n", "not an order of the zoo's 4 rows"),
        ("1\n0\n2\n3\n3\n", "not an order of the zoo's 4 rows"),
        ("0\n1\n2\n2\n", "not an order of the zoo's 4 rows"),
        ("0\n4\n1\n2\n3\n", "not an order of the zoo's 4 rows"),
    ],
)
def test_another_file_is_one_clear_line(tmp_path, text, message):
    (tmp_path / "split.csv").write_text(text)
    with pytest.raises(ValueError, match=message) as error:
        read_order(tmp_path / "split.csv", 4)
    assert "\n" not in str(error.value) and "split.csv" in str(error.value)


@pytest.mark.parametrize(
    ("zoo", "file"),
    [("cifar10", "cifar10_split.csv"), ("svhn_cropped", "svhn_split.csv")],
)
def test_the_published_file_is_found(tmp_path, zoo, file):
    folder = tmp_path / zoo
    folder.mkdir()
    assert find_split_file(folder, None) is None
    (folder / file).touch()
    assert find_split_file(folder, None) == folder / file


def test_one_that_was_asked_for_must_be_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="mine.csv: no such split file"):
        find_split_file(tmp_path, "mine.csv")


def test_a_byte_order_mark_is_no_part_of_a_file(tmp_path):
    (tmp_path / "split.csv").write_bytes(b"\xef\xbb\xbf0\n2\n0\n1\n")
    assert read_order(tmp_path / "split.csv", 3).tolist() == [2, 0, 1]


def test_a_split_file_may_be_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.csv").touch()
    for name in ("~/mine.csv", str(tmp_path / "mine.csv")):
        assert find_split_file(tmp_path / "cifar10", name) == tmp_path / "mine.csv"

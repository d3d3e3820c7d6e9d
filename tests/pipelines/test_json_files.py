from math import inf, nan

import pytest

from pipelines.json_files import read_json, write_json


def test_the_same_values_are_the_same_bytes(tmp_path):
    write_json(tmp_path / "a.json", {"b": 1.5, "a": {"d": None, "c": [1, "ä"]}})
    write_json(tmp_path / "b.json", {"a": {"c": [1, "ä"], "d": None}, "b": 1.5})
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    values = read_json(tmp_path / "a.json", remedy="")
    assert values == {"b": 1.5, "a": {"d": None, "c": [1, "ä"]}}


@pytest.mark.parametrize(
    ("values", "where"),
    [({"a": {"b": [1.0, nan]}}, r"a\.b\[1\] is nan"), ({"c": -inf}, "c is -inf")],
)
def test_what_json_cannot_hold_is_named_and_nothing_is_written(values, where, tmp_path):
    with pytest.raises(ValueError, match=f"x.json: {where}, which JSON cannot hold"):
        write_json(tmp_path / "x.json", values)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b'{"a": 1', b"[1]", b"\xff\xfe", b"null"])
def test_a_damaged_file_is_named_with_what_to_do(content, tmp_path):
    file = tmp_path / "row.json"
    file.write_bytes(content)
    with pytest.raises(ValueError, match="row.json is damaged: .*; delete it") as error:
        read_json(file, remedy="delete it")
    assert "\n" not in str(error.value)


def test_a_mark_of_the_byte_order_is_no_damage(tmp_path):
    (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf{}")
    assert read_json(tmp_path / "a.json", remedy="") == {}

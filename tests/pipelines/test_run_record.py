import json
import os

import pytest

from pipelines.run_record import begin_session, is_resumed, read_record


def test_a_folder_remembers_its_config_and_its_time(tmp_path):
    assert read_record(tmp_path) is None
    first = begin_session(tmp_path, "abc")
    assert read_record(tmp_path) == first and first.earlier_seconds == 0
    later = tmp_path / "last.ckpt"
    later.write_text("")
    os.utime(later, (first.began + 100, first.began + 100))
    # The lock that the next session has taken by now says nothing about this one.
    for name in (".lock", ".lock.json"):
        (tmp_path / name).write_text("")
        os.utime(tmp_path / name, (first.began + 5000, first.began + 5000))
    second = begin_session(tmp_path, "abc")
    assert second.earlier_seconds == pytest.approx(100)
    assert second.seconds >= second.earlier_seconds
    assert is_resumed(tmp_path)


def test_a_first_session_is_not_resumed(tmp_path):
    assert not is_resumed(tmp_path)
    begin_session(tmp_path, "abc")
    assert not is_resumed(tmp_path)


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", '{"config_hash": "a", "began": "x", "earlier_seconds": 0}'],
)
def test_a_damaged_record_is_named_with_what_to_do(content, tmp_path):
    (tmp_path / "run.json").write_text(content)
    expected = "run.json is damaged: .*; delete it to start the run anew"
    with pytest.raises(ValueError, match=expected) as error:
        read_record(tmp_path)
    assert "\n" not in str(error.value)


def test_keys_are_sorted(tmp_path):
    begin_session(tmp_path, "abc")
    keys = list(json.loads((tmp_path / "run.json").read_text()))
    assert keys == sorted(keys)

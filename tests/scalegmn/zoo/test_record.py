import json

import pytest

from scalegmn.zoo.record import ZooRecord, claim_folder, read_record

RECIPE = {"kind": "zoo", "networks": 3}


def test_a_record_survives(tmp_path):
    record = ZooRecord(RECIPE, networks=3, diverged=1, seconds=2.5, device="cpu")
    record.write(tmp_path)
    assert read_record(tmp_path, "") == record and record.finished


def test_a_folder_is_claimed_once_and_recognised_again(tmp_path):
    first = claim_folder(tmp_path / "zoo", RECIPE)
    assert claim_folder(tmp_path / "zoo", RECIPE) == first == ZooRecord(RECIPE)
    with pytest.raises(ValueError, match="holds a zoo with networks 3, not 4: give another zoo"):
        claim_folder(tmp_path / "zoo", {**RECIPE, "networks": 4})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is not JSON"),
        ("{", "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ("[]", "it has no recipe"),
        ("{}", "it has no recipe"),
        (json.dumps({"recipe": []}), "'recipe' is "),
        (json.dumps({"recipe": {}, "networks": "3"}), "'networks' is '3'"),
        (json.dumps({"recipe": {}, "networks": True}), "'networks' is 'True'"),
        (json.dumps({"recipe": {}, "seconds": None}), "'seconds' is 'None'"),
        (json.dumps({"recipe": {}, "_target_": "os.system"}), "'_target_' is 'os.system'"),
    ],
)
def test_a_damaged_record_is_named_with_the_reason(tmp_path, text, reason):
    (tmp_path / "zoo.json").write_text(text)
    with pytest.raises(ValueError, match=r"zoo.json is damaged \(.*\): copy it again") as error:
        read_record(tmp_path, "copy it again")
    assert reason in str(error.value) and "\n" not in str(error.value)

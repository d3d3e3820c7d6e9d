import json

import pytest
import torch
from pipelines.provenance import saw_validation

from scalegmn.formats import save_network

CIFAR = {"_target_": "datamodules.cifar10.CIFAR10", "folder": None, "gray": "luma"}
HERE = json.dumps(CIFAR | {"split_seed": 42})


@pytest.fixture
def saw(tmp_path):
    def saw(**metadata):
        file = tmp_path / "net.safetensors"
        save_network(file, {"w": torch.zeros(1)}, metadata)
        return saw_validation(file, images=HERE)

    return saw


def test_a_network_that_is_trained_here_did_not_see_them():
    assert saw_validation(None, images=HERE) == "false"


def test_a_network_of_the_same_split_did_not_see_them(saw):
    assert saw(saw_validation="false", images=HERE) == "false"
    other_gray = json.dumps(CIFAR | {"gray": "mean", "split_seed": 42})
    assert saw(saw_validation="false", images=other_gray) == "false"


def test_any_other_network_may_have_seen_them(saw, tmp_path):
    assert saw(saw_validation="true", images=HERE) == "true"
    assert saw(images=HERE) == "true"
    assert saw(saw_validation="false") == "true"
    for other in ({"split_seed": 7}, {"folder": "more"}, {"_target_": "datamodules.digits.Digits"}):
        images = json.dumps(CIFAR | {"split_seed": 42} | other)
        assert saw(saw_validation="false", images=images) == "true"
    torch.save({}, tmp_path / "net.pt")
    assert saw_validation(tmp_path / "net.pt", images=HERE) == "true"

"""What a network has seen follows from the metadata of its file."""

import json

import pytest
import torch
from omegaconf import OmegaConf

from pipelines.metadata import metadata, saw_validation, settings
from scalegmn.formats import save_network

DATA = {
    **{"_target_": "datamodules.cifar10.CIFAR10", "name": "cifar10_gray", "in_channels": 1},
    **{"folder": None, "gray": "luma", "split_seed": 42, "batch_size": 256},
}
CFG = OmegaConf.create(
    {
        "name": "eq_prune_small_cnn",
        "data": DATA,
        "target": {
            "name": "small_cnn",
            "weights": None,
            "net": {"_target_": "x", "width": 16, "in_channels": "${data.in_channels}"},
        },
    }
)
HERE = settings(CFG.data)


@pytest.fixture
def saw(tmp_path):
    def saw(**about):
        file = tmp_path / "net.safetensors"
        save_network(file, {"w": torch.zeros(1)}, about)
        return saw_validation(file, CFG)

    return saw


def test_a_network_that_is_trained_here_did_not_see_them():
    assert saw_validation(None, CFG) is False


def test_a_network_of_the_same_split_did_not_see_them(saw):
    assert saw(saw_validation="false", images=HERE) is False
    other_gray = settings(OmegaConf.create(DATA | {"gray": "mean"}))
    assert saw(saw_validation="false", images=other_gray) is False


def test_any_other_network_may_have_seen_them(saw, tmp_path):
    assert saw(saw_validation="true", images=HERE) is True
    assert saw(images=HERE) is True
    assert saw(saw_validation="false") is True
    assert saw(saw_validation="false", images="{") is True
    for other in ({"split_seed": 7}, {"folder": "more"}, {"_target_": "datamodules.digits.Digits"}):
        images = settings(OmegaConf.create(DATA | other))
        assert saw(saw_validation="false", images=images) is True
    torch.save({}, tmp_path / "net.pt")
    assert saw_validation(tmp_path / "net.pt", CFG) is True


def test_what_follows_from_the_images_does_not_travel():
    about = metadata(CFG)
    assert json.loads(about["network"]) == {"_target_": "x", "width": 16}
    images = json.loads(about["images"])
    assert not {"name", "in_channels", "batch_size"} & images.keys() and images["split_seed"] == 42
    assert about["saw_validation"] == "false" and about["dataset"] == "cifar10_gray"

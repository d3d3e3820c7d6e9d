"""Files of networks choose among what the project ships, and nothing else."""

import json
import sys

import pytest
from safetensors.torch import save_file

import evaluate
from pipelines import launch
from scalegmn.targets import SmallCNN

TARGET = "scalegmn.targets.SmallCNN"


@pytest.fixture
def tested(tmp_path, monkeypatch):
    """Evaluate a network's file with some metadata; the last words, or the evaluation."""

    def tested(metadata, *overrides, net=None):
        file = tmp_path / "net.safetensors"
        about = {k: v if isinstance(v, str) else json.dumps(v) for k, v in metadata.items()}
        save_file((net or SmallCNN()).state_dict(), file, metadata=about)
        folder = tmp_path / "run"
        argv = ["evaluate.py", f"file={file}", f"hydra.run.dir={folder}", *overrides]
        monkeypatch.setattr(sys, "argv", [*argv, "trainer.limit_test_batches=1"])
        try:
            launch.command(evaluate.main)
        except SystemExit as stop:
            assert isinstance(stop.code, str) and "\n" not in stop.code
            return stop.code
        return json.loads((folder / "evaluation.json").read_text())

    return tested


def test_a_file_names_its_target_and_its_images(tested):
    about = {"target": "small_cnn", "dataset": "digits"}
    found = tested(about)
    assert (found["target"], found["dataset"]) == ("small_cnn", "digits")


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"dataset": "../../outputs/downloaded/config"}, "which is not in conf/data"),
        ({"dataset": "/etc/passwd"}, "which is not in conf/data"),
        ({"dataset": "digits,cifar10"}, "which is not in conf/data"),
        ({"target": "../data/digits"}, "which is not in conf/target"),
        ({"target": "somebodys_net"}, "give target=NAME"),
        ({"target": ""}, "which is not in conf/target"),
    ],
)
def test_names_that_the_project_does_not_ship_are_refused(tested, metadata, message):
    assert message in tested({"target": "small_cnn", "dataset": "digits"} | metadata)


@pytest.mark.parametrize(
    "value",
    [
        {"_target_": "os.system", "_args_": ["true"]},
        {"_target_": "torch.load", "f": "x"},
        {"_target_": "torch.nn.ReLU", "_args_": [1]},
        {"_target_": "torch.nn.Module"},
        "${oc.env:HOME}",
        ["torch.nn.ReLU"],
    ],
)
def test_values_that_would_call_something_are_refused(tested, value):
    network = {"_target_": TARGET, "activation": value}
    about = {"target": "small_cnn", "dataset": "digits", "network": network}
    assert "give target.net.activation=" in tested(about)


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"width": "wide"}, "target.net.width"),
        ({"width": 10**9}, "target.net.width"),
        ({"dropout": 1e300}, "target.net.dropout"),
        ({"width": 8.5}, "target.net.width"),
        ({"width": True}, "target.net.width"),
        ({"dropout": [0.1]}, "target.net.dropout"),
    ],
)
def test_values_of_another_type_are_refused(tested, values, key):
    network = {"_target_": TARGET, **values}
    about = {"target": "small_cnn", "dataset": "digits", "network": network}
    assert f"give {key}=" in tested(about)


@pytest.mark.parametrize("text", ["{", "5", "[]", "null"])
def test_metadata_that_is_no_object_is_named(tested, text):
    about = {"target": "small_cnn", "dataset": "digits", "network": text}
    assert "its metadata for target.net is not" in tested(about)


def test_folders_may_not_leave_the_data(tested):
    images = {"_target_": "datamodules.cifar10.CIFAR10", "folder": "../../secret"}
    about = {"target": "small_cnn", "dataset": "cifar10_gray", "images": images}
    assert "give data.folder=" in tested(about)


def test_settings_of_the_network_come_from_the_file_unless_given(tested):
    network = {
        "_target_": TARGET,
        "width": 8,
        "activation": {"_target_": "torch.nn.Tanh", "_partial_": True},
    }
    about = {"target": "small_cnn", "dataset": "digits", "network": network}
    found = tested(about, net=SmallCNN(width=8))
    assert found["parameters"] == sum(p.numel() for p in SmallCNN(width=8).parameters())
    assert "has shape (8, 1, 3, 3), expected (16, 1, 3, 3)" in tested(
        about, "target.net.width=16", net=SmallCNN(width=8)
    )


def test_a_file_of_another_class_is_read_as_the_command_says(tested):
    network = {"_target_": "scalegmn.targets.VGG", "depth": 11}
    about = {"target": "small_cnn", "dataset": "digits", "network": network}
    assert tested(about)["parameters"] == 4970


def test_what_a_stage_left_for_the_next_one_is_no_network_to_evaluate(tested):
    said = tested({"masked": "[]", "target": "small_cnn", "dataset": "digits"})
    assert "is what a stage left for the next one: give a network that is finished" in said

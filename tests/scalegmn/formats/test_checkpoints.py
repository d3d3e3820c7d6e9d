"""Layouts in which people save a network."""

import argparse
import pathlib

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import prune
from torch.optim.swa_utils import AveragedModel

from scalegmn.formats import load_state, save_network
from scalegmn.targets import SmallCNN


@pytest.fixture
def state():
    return SmallCNN(width=2).state_dict()


def other():
    return SmallCNN(width=2).state_dict()


def prefixed(prefix, state):
    return {f"{prefix}{name}": t for name, t in state.items()}


def read(path, content):
    torch.save(content, path)
    return load_state(path, SmallCNN(width=2))


def same(one, two):
    return list(one) == list(two) and all(torch.equal(one[name], t) for name, t in two.items())


KEYS = ["state_dict", "model_state_dict", "model", "net", "network", "weights", "best_model", "G"]


@pytest.mark.parametrize("key", KEYS)
def test_a_checkpoint_may_hold_the_network_under_any_key(tmp_path, state, key):
    content = {"epoch": 3, key: state, "acc": 91.0, "optimizer": {"state": {0: {"step": state}}}}
    assert same(read(tmp_path / "c.pt", content), state)
    assert same(read(tmp_path / "c.pt", {"checkpoint": {key: state}}), state)


PREFIXES = ["model.", "module.", "_orig_mod.", "net.", "model.module.", "module._orig_mod.",
            "student.backbone.", "model._orig_mod.net."]  # fmt: skip


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("suffix", [".ckpt", ".safetensors"])
def test_prefixes_are_dropped_with_their_siblings(tmp_path, state, prefix, suffix):
    content = prefixed(prefix, state)
    if not prefix.startswith(("module", "_orig_mod")):
        content |= {"loss.weight": torch.ones(3)}
    if suffix == ".safetensors":
        save_network(tmp_path / "c.safetensors", content, {})
        assert same(load_state(tmp_path / "c.safetensors", SmallCNN(width=2)), state)
    else:
        assert same(read(tmp_path / "c.ckpt", {"state_dict": content}), state)


@pytest.mark.parametrize(
    "average",
    [
        lambda s: {"model": s, "model_ema": other()},
        lambda s: {"ema": other(), "model": s},
        lambda s: {"state_dict_ema": other(), "state_dict": s},
        lambda s: {"state_dict": prefixed("ema_model.", other()) | prefixed("model.", s)},
    ],
)
def test_of_a_network_and_its_moving_average_the_network_is_taken(tmp_path, state, average):
    assert same(read(tmp_path / "c.pt", average(state)), state)


def test_a_moving_average_alone_is_read(tmp_path, state):
    assert same(read(tmp_path / "c.pt", {"ema": state, "epoch": 2}), state)
    net = SmallCNN(width=2)
    assert same(read(tmp_path / "c.pt", AveragedModel(net).state_dict()), net.state_dict())


def test_two_networks_that_fit_are_refused_by_their_names(tmp_path, state):
    for content in (
        {"student": state, "teacher": other()},
        {"state_dict": prefixed("student.", state) | prefixed("teacher.", other())},
    ):
        with pytest.raises(ValueError, match=r"c\.pt: holds two .*student.*teacher"):
            read(tmp_path / "c.pt", content)


def test_one_network_under_two_names_is_read(tmp_path, state):
    content = {"state_dict": prefixed("student.", state) | prefixed("alias.", state)}
    assert same(read(tmp_path / "c.pt", content), state)


@pytest.mark.parametrize("prefix", ["", "model."])
def test_masks_of_torchs_pruning_are_applied(tmp_path, prefix):
    net = SmallCNN(width=2)
    prune.l1_unstructured(net.features[3], "weight", 0.5)
    prune.random_unstructured(net.fc, "bias", 0.3)
    found = read(tmp_path / "c.pt", prefixed(prefix, net.state_dict()))
    assert torch.equal(found["features.3.weight"], net.features[3].weight)
    assert (found["features.3.weight"] == 0).sum() == 18
    assert torch.equal(found["fc.bias"], net.fc.bias)


def test_masks_stay_where_the_network_has_them(tmp_path):
    def pruned():
        return prune.l1_unstructured(nn.Linear(3, 2), "weight", 0.5)

    net = pruned()
    torch.save(net.state_dict(), tmp_path / "c.pt")
    found = load_state(tmp_path / "c.pt", pruned())
    assert same({k: found[k] for k in net.state_dict()}, net.state_dict())


def test_values_beside_the_tensors_may_be_numpy_numbers_and_arguments(tmp_path, state):
    content = {
        "net": state,
        "acc": np.float64(91.25),
        "losses": np.ones(3, dtype=np.float32),
        "args": argparse.Namespace(lr=np.float32(0.1), out=pathlib.Path("runs")),
    }
    assert same(read(tmp_path / "c.pth", content), state)


def test_another_layout_is_refused_with_what_was_found_and_expected(tmp_path, state):
    path = tmp_path / "c.pt"
    with pytest.raises(ValueError, match=r"expected a state dict, found no .*\(keys: epoch, acc\)"):
        read(path, {"epoch": 3, "acc": 0.9})
    with pytest.raises(ValueError, match=r"keys: none"):
        read(path, {})
    alien = {"model": {"layer1.w": torch.ones(2), "layer1.b": torch.ones(2)}}
    message = r"found model\.layer1\.w, model\.layer1\.b, expected features\.0\.weight, .* 5 more"
    with pytest.raises(ValueError, match=message) as error:
        read(path, alien)
    assert "\n" not in str(error.value)
    del state["fc.bias"]
    with pytest.raises(ValueError, match=r"found features\.0\.weight, .* but it lacks fc\.bias"):
        read(path, {"net": state})
    with pytest.raises(ValueError, match=r"holds other objects than tensors \(.*SmallCNN\)"):
        read(path, {"net": SmallCNN(width=2)})

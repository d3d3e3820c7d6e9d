"""What holds for every format."""

from pathlib import Path

import numpy as np
import pytest
import torch

from scalegmn.formats import load_state, save_network, to_zoo_row
from scalegmn.targets import SmallCNN

FORMATS = [".npy", ".pt", ".pth", ".pth.tar", ".ckpt", ".bin", ".safetensors"]
every_format = pytest.mark.parametrize("suffix", FORMATS)


def write(path: Path, state) -> Path:
    if path.suffix == ".npy":
        np.save(path, to_zoo_row(state).numpy())
    elif path.suffix == ".safetensors":
        save_network(path, state, {})
    else:
        torch.save({"epoch": 3, "state_dict": state}, path)
    return path


@every_format
def test_every_format_gives_back_the_network(tmp_path, suffix):
    state = SmallCNN().state_dict()
    module = SmallCNN()
    before = {name: t.clone() for name, t in module.state_dict().items()}
    loaded = load_state(write(tmp_path / f"net{suffix}", state), module)
    assert list(loaded) == list(state)
    assert all(torch.equal(loaded[name], t) for name, t in state.items())
    assert all(t.is_contiguous() for t in loaded.values())
    assert all(torch.equal(before[name], t) for name, t in module.state_dict().items())
    module.load_state_dict(loaded)


@every_format
@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e300])
def test_values_that_are_not_finite_in_float32_are_refused(tmp_path, suffix, value):
    state = SmallCNN().double().state_dict()
    state["features.3.weight"][1, 2, 0, 1] = value
    path = write(tmp_path / f"net{suffix}", state)
    with pytest.raises(
        ValueError, match=r"net.*: features\.3\.weight holds NaN or infinity in 1 of 2304 places"
    ):
        load_state(path, SmallCNN())


@every_format
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.98])
def test_a_truncated_file_is_refused_in_one_line(tmp_path, suffix, share):
    path = write(tmp_path / f"net{suffix}", SmallCNN().state_dict())
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=r"net.*: truncated, or") as error:
        load_state(path, SmallCNN())
    assert "\n" not in str(error.value)


@every_format
def test_another_kind_of_file_is_refused_in_one_line(tmp_path, suffix):
    path = tmp_path / f"net{suffix}"
    path.write_text("<html>404: not found</html>" * 20)
    with pytest.raises(ValueError, match=r"net.*: truncated, or") as error:
        load_state(path, SmallCNN())
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("suffix", FORMATS[1:])
def test_another_target_is_refused(tmp_path, suffix):
    path = write(tmp_path / f"net{suffix}", SmallCNN(width=8).state_dict())
    with pytest.raises(ValueError, match=r"features.0.weight has shape \(8, 1, 3, 3\), expected"):
        load_state(path, SmallCNN())


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gone\.pt: no such file; expected a network"):
        load_state(tmp_path / "gone.pt", SmallCNN())


def test_an_unknown_suffix_is_named_with_the_known_ones(tmp_path):
    (tmp_path / "net.h5").touch()
    with pytest.raises(ValueError, match=r"net\.h5: unknown suffix '\.h5'.*\.npy.*\.safetensors"):
        load_state(tmp_path / "net.h5", SmallCNN())


def test_a_checkpoint_with_an_operator_is_refused_for_what_the_operator_made(tmp_path):
    state = {f"target.{name}": t for name, t in SmallCNN().state_dict().items()}
    file = write(tmp_path / "best.ckpt", state | {"operator.encoder.weight": torch.ones(3)})
    with pytest.raises(ValueError, match=r"best.ckpt: holds an operator.* rewritten.safetensors"):
        load_state(file, SmallCNN())

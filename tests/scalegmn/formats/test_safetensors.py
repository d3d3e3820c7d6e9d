import pytest
import torch

from scalegmn.formats import load_state, read_metadata, save_network
from scalegmn.targets import SmallCNN

METADATA = {"target": "small_cnn", "sparsity": "0.9", "dataset": "cifar10_gray"}


def test_a_network_comes_back_with_its_metadata(tmp_path):
    cnn, path = SmallCNN(), tmp_path / "pruned_90.safetensors"
    save_network(path, cnn.state_dict(), METADATA)
    assert read_metadata(path) == METADATA
    loaded = load_state(str(path), SmallCNN())
    assert all(torch.equal(loaded[name], t) for name, t in cnn.state_dict().items())


def test_strided_shared_and_trained_tensors_are_written(tmp_path):
    shared = torch.arange(6.0).reshape(2, 3)
    net = torch.nn.Linear(2, 3)
    state = {"weight": shared.T, "bias": shared[0], "other": net.weight}
    save_network(tmp_path / "net.safetensors", state, {})
    loaded = load_state(tmp_path / "net.safetensors", _Holder(state))
    assert all(torch.equal(loaded[name], t) for name, t in state.items())


class _Holder(torch.nn.Module):
    def __init__(self, state):
        super().__init__()
        for name, tensor in state.items():
            self.register_buffer(name, tensor.detach())


def test_a_failed_write_leaves_the_old_file_alone(tmp_path):
    path = tmp_path / "net.safetensors"
    save_network(path, {"a": torch.ones(1)}, METADATA)
    with pytest.raises(ValueError, match=r"metadata must be strings, got 'sparsity': 0\.9"):
        save_network(path, {"a": torch.ones(1)}, METADATA | {"sparsity": 0.9})
    with pytest.raises(ValueError, match=r"metadata must be strings, got 3: 'x'"):
        save_network(path, {"a": torch.ones(1)}, METADATA | {3: "x"})
    assert read_metadata(path) == METADATA
    assert list(tmp_path.iterdir()) == [path]


def test_equal_networks_give_equal_bytes(tmp_path):
    state = SmallCNN(width=2).state_dict()
    metadata = {f"key {k}": "ä" * k for k in range(30)}
    files = [tmp_path / f"{k}.safetensors" for k in range(4)]
    for k, file in enumerate(files):
        order = sorted(metadata, reverse=bool(k % 2))
        save_network(file, state, {key: metadata[key] for key in order})
    assert len({file.read_bytes() for file in files}) == 1
    assert read_metadata(files[0]) == metadata
    loaded = load_state(files[0], SmallCNN(width=2))
    assert all(torch.equal(loaded[name], t) for name, t in state.items())


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"net\.pt: networks are written as \.safetensors files"):
        save_network(tmp_path / "net.pt", {"a": torch.ones(1)}, {})


def test_metadata_of_other_formats_and_of_bare_files_is_empty(tmp_path):
    (tmp_path / "net.npy").touch()
    assert read_metadata(tmp_path / "net.npy") == {}
    save_network(tmp_path / "net.safetensors", {"a": torch.ones(1)}, {})
    assert read_metadata(tmp_path / "net.safetensors") == {}


def test_metadata_of_a_missing_or_damaged_file_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gone\.safetensors: no such file"):
        read_metadata(tmp_path / "gone.safetensors")
    (tmp_path / "bad.safetensors").write_bytes(b"\x00" * 5)
    with pytest.raises(ValueError, match=r"bad\.safetensors: truncated, or not"):
        read_metadata(tmp_path / "bad.safetensors")

import os
from pathlib import Path

import pytest
import torch

from scalegmn.formats import atomic_path, load_state, read_metadata, save_network
from scalegmn.formats.layout import read_layout
from scalegmn.formats.paths import existing_file, expand_home
from scalegmn.targets import SmallCNN


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_a_tilde_is_the_home_folder(home):
    cnn = SmallCNN(width=2)
    save_network("~/runs/net.safetensors", cnn.state_dict(), {"target": "small_cnn"})
    assert (home / "runs" / "net.safetensors").is_file()
    assert read_metadata("~/runs/net.safetensors") == {"target": "small_cnn"}
    assert torch.equal(load_state("~/runs/net.safetensors", cnn)["fc.bias"], cnn.fc.bias)
    with atomic_path("~/text") as temporary:
        temporary.write_text("whole")
    assert existing_file("~/text") == home / "text"


def test_a_home_that_is_not_known_is_named():
    with pytest.raises(ValueError, match="~nobody-at-all/x: has no home folder"):
        expand_home("~nobody-at-all/x")


@pytest.fixture
def locked(monkeypatch, tmp_path):
    """A file whose permissions forbid reading it; the tests' user may be root."""
    path = tmp_path / "locked.pt"
    path.touch()
    opened = Path.open

    def refuse(self, *args, **kwargs):
        if self.name.startswith("locked"):
            raise PermissionError(13, "Permission denied", str(self))
        return opened(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refuse)
    return path


@pytest.mark.parametrize("reader", [lambda p: load_state(p, SmallCNN()), read_metadata,
                                    read_layout])  # fmt: skip
def test_a_file_that_may_not_be_read_is_named_with_the_reason(locked, reader):
    with pytest.raises(ValueError, match=r"locked\.pt: cannot be read \(Permission denied\)"):
        reader(locked)


def test_a_folder_is_no_file(tmp_path):
    for path in (tmp_path / "a.pt", tmp_path / "b.safetensors"):
        path.mkdir()
        with pytest.raises(ValueError, match=r": is a folder; expected a network \(\.npy, "):
            load_state(path, SmallCNN())
        with pytest.raises(ValueError, match=": is a folder; expected a file"), atomic_path(path):
            pass
    with pytest.raises(FileNotFoundError, match="no such file; expected a zoo's layout.csv"):
        read_layout(tmp_path / "layout.csv")


def test_a_file_in_the_way_of_a_folder_is_named(tmp_path):
    (tmp_path / "runs").touch()
    message = r"runs: cannot be made a folder \(File exists\)"
    with pytest.raises(ValueError, match=message), atomic_path(tmp_path / "runs" / "x"):
        pass
    with pytest.raises(FileNotFoundError, match="no such file"):
        existing_file(tmp_path / "runs" / "x")


def test_a_folder_that_may_not_be_written_to_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    message = rf"{tmp_path.name}: may not be written to \(Permission denied\)"
    with pytest.raises(ValueError, match=message), atomic_path(tmp_path / "x"):
        pass

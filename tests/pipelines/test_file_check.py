import pytest
from omegaconf import OmegaConf

from pipelines.file_check import check_files


def config(path):
    return OmegaConf.create({"target": {"weights": path}, "ckpt_path": None, "predictor": {}})


def test_files_that_are_there_pass(tmp_path):
    (tmp_path / "a.pt").write_text("")
    check_files(config(str(tmp_path / "a.pt")))
    check_files(config(None))


def test_files_that_are_not_there_are_named_with_their_key(tmp_path):
    with pytest.raises(FileNotFoundError, match="^target.weights=.*/a.pt: no such file$"):
        check_files(config(str(tmp_path / "a.pt")))
    with pytest.raises(IsADirectoryError, match="^target.weights=.*: is a folder; give a file$"):
        check_files(config(str(tmp_path)))


def test_files_that_may_not_be_read_are_named(tmp_path, monkeypatch):
    (tmp_path / "a.pt").write_text("")

    def denied(self, *_):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr("pathlib.Path.open", denied)
    with pytest.raises(PermissionError, match="a.pt"):
        check_files(config(str(tmp_path / "a.pt")))

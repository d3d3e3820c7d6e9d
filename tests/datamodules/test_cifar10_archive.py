import hashlib
import tarfile

import pytest

from datamodules import cifar10_archive
from datamodules.cifar10 import CIFAR10


@pytest.fixture
def archive(data_dir, tmp_path_factory):
    """An archive like the official one, with the images of ``data_dir``."""
    file = tmp_path_factory.mktemp("server") / "archive.tar.gz"
    with tarfile.open(file, "w:gz") as tar:
        tar.add(data_dir / "cifar-10-batches-bin", "cifar-10-batches-bin")
    return file


@pytest.fixture
def server(archive, monkeypatch):
    monkeypatch.setattr(cifar10_archive, "URL", archive.as_uri())
    monkeypatch.setattr(cifar10_archive, "MD5", hashlib.md5(archive.read_bytes()).hexdigest())
    return monkeypatch


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_a_download_leaves_the_folder_and_nothing_else(server, data_dir, tmp_path_factory):
    target = tmp_path_factory.mktemp("data") / "new"
    data = CIFAR10(data_dir=target)
    data.prepare_data()
    data.setup()
    assert files(target) == files(data_dir)
    assert len(data.test_dataloader().dataset) == 12


def test_another_archive_is_refused_and_leaves_nothing(server, tmp_path_factory):
    target = tmp_path_factory.mktemp("data")
    server.setattr(cifar10_archive, "MD5", "0" * 32)
    with pytest.raises(ValueError, match="expected 0{32}"):
        CIFAR10(data_dir=target).prepare_data()
    assert files(target) == []


def test_no_network_is_one_clear_line_and_leaves_nothing(server, archive, tmp_path_factory):
    target = tmp_path_factory.mktemp("data")
    archive.unlink()
    with pytest.raises(FileNotFoundError, match="cannot be downloaded.*set paths.data_dir") as e:
        CIFAR10(data_dir=target).prepare_data()
    assert "\n" not in str(e.value)
    assert files(target) == []


def test_an_archive_cannot_write_outside(server, archive, data_dir, tmp_path_factory):
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(data_dir / "cifar-10-batches-bin" / "test_batch.bin", "../../escaped.bin")
    server.setattr(cifar10_archive, "MD5", hashlib.md5(archive.read_bytes()).hexdigest())
    target = tmp_path_factory.mktemp("data") / "inner"
    with pytest.raises(ValueError, match="outside the destination"):
        CIFAR10(data_dir=target).prepare_data()
    assert files(target.parent) == ["inner"]


def test_a_copy_that_appears_meanwhile_is_kept(server, tmp_path_factory):
    target = tmp_path_factory.mktemp("data")
    (target / "cifar-10-batches-bin").mkdir()
    (target / "cifar-10-batches-bin" / "theirs").touch()
    cifar10_archive.download(target)
    assert files(target) == ["cifar-10-batches-bin", "cifar-10-batches-bin/theirs"]

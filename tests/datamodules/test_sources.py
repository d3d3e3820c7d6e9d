import errno
import io
import sys
import tarfile
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import Mock

import pytest

import get_data
from datamodules import download, sources
from datamodules.sources import SOURCES, Source


@pytest.fixture
def archive(tmp_path):
    """A zoo's archive, and where it would be fetched from."""
    file = tmp_path / "web" / "mnist.tar.xz"
    file.parent.mkdir()
    with tarfile.open(file, "w:xz") as tar:
        for name in ("weights.npy", "layout.csv"):
            info = tarfile.TarInfo(f"mnist/{name}")
            info.size = 4
            tar.addfile(info, io.BytesIO(b"data"))
    return file


@pytest.fixture
def data_dir(tmp_path):
    return tmp_path / "data"


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


ZOO = ["mnist", "mnist/layout.csv", "mnist/weights.npy"]


def test_an_archive_becomes_its_folder_and_nothing_else(archive, data_dir):
    source = Source(archive.as_uri(), "mnist", archive="mnist.tar.xz")
    assert source.get(data_dir) and names(data_dir) == ZOO
    archive.unlink()
    assert not source.get(data_dir), "it was there already"


def test_a_folder_with_nothing_but_a_split_file_is_no_zoo(archive, data_dir):
    (data_dir / "mnist").mkdir(parents=True)
    (data_dir / "mnist" / "mnist_split.csv").write_text("mine")
    options = {"archive": "mnist.tar.xz", "holds": "weights.npy"}
    source = Source(archive.as_uri(), "mnist", **options)
    assert source.get(data_dir) and names(data_dir) == sorted([*ZOO, "mnist/mnist_split.csv"])
    assert not source.get(data_dir), "it was there already"
    zoos = [SOURCES[name][0] for name in ("cifar10", "svhn_cropped", "mnist", "fashion_mnist")]
    assert all(zoo.holds == "weights.npy" for zoo in zoos)


def test_a_full_disk_does_not_cost_the_download(archive, data_dir, monkeypatch):
    full = Mock(side_effect=OSError(errno.ENOSPC, "No space left on device"))
    monkeypatch.setattr(tarfile.TarFile, "extractall", full)
    source = Source(archive.as_uri(), "mnist", archive="mnist.tar.xz")
    with pytest.raises(OSError, match="No space left"):
        source.get(data_dir)
    monkeypatch.undo()
    archive.unlink()
    assert source.get(data_dir) and names(data_dir) == ZOO


def test_a_zip_without_a_folder_of_its_own_is_fine(data_dir, tmp_path):
    with zipfile.ZipFile(tmp_path / "inrs.zip", "w") as file:
        file.writestr("a/net.pth", "data")
        file.writestr("splits.json", "{}")
    Source((tmp_path / "inrs.zip").as_uri(), "inrs", archive="inrs.zip").get(data_dir)
    assert names(data_dir) == ["inrs", "inrs/a", "inrs/a/net.pth", "inrs/splits.json"]


def test_an_archive_that_someone_put_there_is_used_and_kept(archive, data_dir):
    data_dir.mkdir()
    archive.rename(data_dir / "mnist.tar.xz")
    Source("http://127.0.0.1:9/none", "mnist", archive="mnist.tar.xz").get(data_dir)
    assert names(data_dir) == ["mnist", "mnist.tar.xz", *ZOO[1:]]


def test_a_damaged_archive_leaves_no_folder(archive, data_dir):
    archive.write_bytes(archive.read_bytes()[:-40])
    source = Source(archive.as_uri(), "mnist", archive="mnist.tar.xz")
    with pytest.raises(ValueError, match="mnist.tar.xz: cannot be unpacked") as error:
        source.get(data_dir)
    assert "\n" not in str(error.value) and not (data_dir / "mnist").exists()


def test_a_damaged_download_is_fetched_again_and_a_stopped_one_unpacked(archive, data_dir):
    whole, source = archive.read_bytes(), Source(archive.as_uri(), "mnist", archive="mnist.tar.xz")
    archive.write_bytes(whole[:-40])
    with pytest.raises(ValueError, match="cannot be unpacked"):
        source.get(data_dir)
    archive.write_bytes(whole)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(sources, "unpack", Mock(side_effect=KeyboardInterrupt))
        source.get(data_dir)
    archive.unlink()
    assert source.get(data_dir) and names(data_dir) == ZOO


def test_a_login_says_what_to_do(data_dir, monkeypatch):
    def page(url, target, **options):
        raise download.PageError(f"{url} shows a page, not a file")

    monkeypatch.setattr(sources, "fetch", page)
    with pytest.raises(ValueError, match=r"open https://www.dropbox.com\S+ in a browser, save"):
        SOURCES["mnist-inrs"][0].get(data_dir)


def test_every_source_goes_below_the_folder_of_its_name():
    for name, parts in SOURCES.items():
        assert all(part.path == name or part.path.startswith(f"{name}/") for part in parts)


def test_the_command_gets_what_was_asked_for(archive, data_dir, monkeypatch, capsys):
    split = archive.with_name("mnist_split.csv")
    split.write_text("0\n")
    parts = [
        Source(archive.as_uri(), "mnist", archive="mnist.tar.xz"),
        Source(split.as_uri(), "mnist/mnist_split.csv"),
    ]
    monkeypatch.setitem(SOURCES, "mnist", parts)
    monkeypatch.setitem(SOURCES, "vgg19", [Source("file:///none", "vgg19/net.pth.tar")])
    argv = ["get_data.py", "vgg19", "mnist", "--data-dir", str(data_dir)]
    monkeypatch.setattr(sys, "argv", argv)
    with pytest.raises(SystemExit) as stop:
        get_data.main()
    output = capsys.readouterr()
    assert stop.value.code == 1
    assert output.err.startswith("error: vgg19: file:///none cannot be downloaded")
    assert output.err.count("\n") == 1 and "error" not in output.out
    assert "mnist is complete" in output.out.replace("\n", "")
    assert (data_dir / "mnist" / "mnist_split.csv").exists()


@pytest.mark.parametrize("folder", ["file", "file/below"])
def test_a_file_where_the_data_folder_should_be_is_one_line(tmp_path, capsys, folder):
    (tmp_path / "file").write_text("mine")
    assert not get_data.get("vgg19", tmp_path / folder)
    assert capsys.readouterr().err.startswith("error: vgg19: ")
    assert (tmp_path / "file").read_text() == "mine"


def test_ctrl_c_ends_with_130_and_a_word(monkeypatch, capsys):
    monkeypatch.setattr(get_data, "get", Mock(side_effect=KeyboardInterrupt))
    monkeypatch.setattr(sys, "argv", ["get_data.py", "vgg19"])
    with pytest.raises(SystemExit) as stop:
        get_data.main()
    assert stop.value.code == 130 and "the same command goes on" in capsys.readouterr().err


def test_of_several_processes_one_downloads(archive, data_dir, monkeypatch):
    fetch, calls = sources.fetch, []

    def counted(url, target, **options):
        calls.append(url)
        time.sleep(0.1)
        fetch(url, target, **options)

    monkeypatch.setattr(sources, "fetch", counted)
    source = Source(archive.as_uri(), "mnist", archive="mnist.tar.xz")
    with ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda _: source.get(data_dir), range(4)))
    assert sorted(done) == [False, False, False, True] and len(calls) == 1
    assert names(data_dir) == ZOO

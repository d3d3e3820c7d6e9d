import gzip
import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from datamodules.mnist import MNIST, FashionMNIST
from datamodules.mnist_download import IdxSource

NAMES = [
    f"{part}-{kind}"
    for part in ("train", "t10k")
    for kind in ("images-idx3-ubyte", "labels-idx1-ubyte")
]


def idx(array):
    shape = b"".join(n.to_bytes(4, "big") for n in array.shape)
    return bytes([0, 0, 8, array.ndim]) + shape + array.tobytes()


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    found = {}
    for part, n in (("train", 20), ("t10k", 6)):
        found[f"{part}-images-idx3-ubyte"] = rng.integers(256, size=(n, 28, 28), dtype=np.uint8)
        found[f"{part}-labels-idx1-ubyte"] = rng.integers(10, size=n, dtype=np.uint8)
    return found


@pytest.fixture
def raw(tmp_path, arrays):
    folder = tmp_path / "MNIST/raw"
    folder.mkdir(parents=True)
    for name, array in arrays.items():
        (folder / name).write_bytes(idx(array))
    return folder


def ready(data_dir, **options):
    data = MNIST(data_dir=data_dir, **{"download": False, **options})
    data.prepare_data()
    data.setup()
    return data


def test_images_are_normalised_and_keep_their_labels(tmp_path, raw, arrays):
    x, y = ready(tmp_path).full_batch("test")
    pixels = torch.from_numpy(arrays["t10k-images-idx3-ubyte"])[:, None] / 255
    torch.testing.assert_close(x, (pixels - 0.1307) / 0.3081)
    assert y.tolist() == arrays["t10k-labels-idx1-ubyte"].tolist()


def test_a_tenth_of_the_training_images_is_for_validation(tmp_path, raw):
    data = ready(tmp_path)
    assert [len(data.full_batch(split)[1]) for split in ("train", "val", "test")] == [18, 2, 6]


def test_compressed_files_are_read_too(tmp_path, raw, arrays):
    for name in NAMES:
        (raw / f"{name}.gz").write_bytes(gzip.compress((raw / name).read_bytes()))
        (raw / name).unlink()
    assert len(ready(tmp_path).full_batch("train")[1]) == 18


def test_another_folder_is_noted(tmp_path, raw):
    raw.rename(tmp_path / "mine")
    assert ready(tmp_path, folder="mine").data_note == "folder mine"


@pytest.fixture
def server(tmp_path, arrays, monkeypatch):
    web = tmp_path / "web"
    web.mkdir()
    for name in NAMES:
        (web / f"{name}.gz").write_bytes(gzip.compress(idx(arrays[name]), mtime=0))
    md5 = [hashlib.md5((web / f"{name}.gz").read_bytes()).hexdigest() for name in NAMES]
    monkeypatch.setattr(MNIST, "source", IdxSource(web.as_uri(), tuple(md5)))
    return web


def test_missing_files_are_downloaded_once_if_that_is_allowed(tmp_path, server):
    ready(tmp_path / "data", download=True)
    names = [f.name for f in (tmp_path / "data/MNIST/raw").iterdir()]
    assert sorted(names) == sorted(f"{name}.gz" for name in NAMES)
    for file in server.iterdir():
        file.unlink()
    assert len(ready(tmp_path / "data", download=True).full_batch("test")[1]) == 6


def test_other_files_on_the_server_are_refused(tmp_path, server):
    (server / f"{NAMES[1]}.gz").write_bytes(gzip.compress(b"other"))
    with pytest.raises(ValueError, match=r"came with MD5 .*: try again"):
        ready(tmp_path / "data", download=True)


def test_a_server_that_is_not_reached_is_named_with_what_to_do(tmp_path, server):
    (server / f"{NAMES[0]}.gz").unlink()
    with pytest.raises(FileNotFoundError, match=r"no train-images.*: put it there, or set paths"):
        ready(tmp_path / "data", download=True)


@pytest.mark.parametrize("options", [{"download": False}, {"download": True, "folder": "mine"}])
def test_missing_images_are_named_with_what_to_do(tmp_path, options):
    with pytest.raises(FileNotFoundError, match=r"no folder .*: set paths.data_dir") as caught:
        ready(tmp_path, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (NAMES[0], b"", "is no idx file of bytes along 3 axes"),
        (NAMES[0], idx(np.zeros(5, dtype=np.uint8)), "is no idx file of bytes along 3 axes"),
        (NAMES[0], idx(np.zeros((2, 28, 28), dtype=np.uint8))[:-1], "is truncated: it has 1567"),
        (NAMES[1], idx(np.zeros(3, dtype=np.uint8)), "has 20 images, and train-labels.* 3"),
        (NAMES[1], idx(np.full(20, 10, dtype=np.uint8)), "has labels outside 0 to 9"),
    ],
)
def test_a_damaged_file_is_named(tmp_path, raw, name, content, message):
    (raw / name).write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        ready(tmp_path)
    assert name in str(caught.value) and "\n" not in str(caught.value)


def test_a_damaged_compressed_file_is_named(tmp_path, raw):
    (raw / NAMES[2]).unlink()
    (raw / f"{NAMES[2]}.gz").write_bytes(b"no gzip")
    with pytest.raises(ValueError, match=r"t10k-images-idx3-ubyte.gz is damaged"):
        ready(tmp_path)


@pytest.mark.parametrize("key", ["in_channels", "num_classes", "image_size"])
def test_a_number_that_is_not_mnist_s_is_refused(tmp_path, key):
    with pytest.raises(ValueError, match=f"data.{key}=5, but mnist has"):
        MNIST(data_dir=tmp_path, **{key: 5})


def test_fashion_mnist_has_its_own_folder(tmp_path, raw):
    raw.parent.rename(tmp_path / "FashionMNIST")
    data = FashionMNIST(data_dir=tmp_path, download=False, name="fashion_mnist")
    data.setup()
    assert data.mean == (0.286,) and len(data.full_batch("val")[1]) == 2


@pytest.mark.real_data
def test_real_digits():
    folder = os.environ.get("SCALEGMN_DATA")
    if not folder or not (Path(folder) / "MNIST/raw").is_dir():
        pytest.skip("needs real MNIST: set SCALEGMN_DATA to a folder with MNIST/raw/")
    data = ready(folder)
    x, y = data.full_batch("test")
    assert len(y) == 10_000 and y[:5].tolist() == [7, 2, 1, 0, 4]
    assert abs(x.mean()) < 0.05 and abs(x.std() - 1) < 0.05


def test_images_are_known_by_their_numbers_in_the_files(tmp_path, raw, arrays):
    data = ready(tmp_path)
    for split, part in (("train", "train"), ("val", "train"), ("test", "t10k")):
        read = torch.from_numpy(arrays[f"{part}-images-idx3-ubyte"])[:, None]
        assert torch.equal(data.pixels(split).pixels, read[data.numbers(split)])

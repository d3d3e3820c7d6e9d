import pickle

import numpy as np
import pytest
import torch

from datamodules.cifar10_files import read_bin, read_folder, read_py


def write_py(folder, records, protocol):
    folder.mkdir()
    for name, file in records.items():
        batch = {b"data": file[:, 1:].copy(), b"labels": [int(label) for label in file[:, 0]]}
        (folder / name).write_bytes(pickle.dumps(batch, protocol=protocol))
    return folder


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_both_layouts_hold_the_same_images(tmp_path, data_dir, records, protocol):
    py = read_folder(write_py(tmp_path / "py", records, protocol), None)
    for one, other in zip(read_folder(data_dir / "cifar-10-batches-bin", None), py, strict=True):
        assert torch.equal(one.pixels, other.pixels)
        assert torch.equal(one.labels, other.labels)


def test_planes_are_red_green_blue(tmp_path):
    record = bytes([7]) + b"\x01" * 1024 + b"\x02" * 1024 + b"\x03" * 1023 + b"\xff"
    (tmp_path / "data_batch_1.bin").write_bytes(record)
    images = read_bin(tmp_path / "data_batch_1.bin")
    assert images.labels.tolist() == [7]
    assert images.pixels[0, :, 0, 0].tolist() == [1, 2, 3]
    assert images.pixels[0, 2, 31, 31] == 255


def test_a_file_of_part_of_an_image_is_refused(data_dir):
    file = data_dir / "cifar-10-batches-bin" / "data_batch_3.bin"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"data_batch_3.bin is truncated"):
        read_folder(file.parent, None)


def test_any_number_of_whole_images_is_fine(data_dir):
    file = data_dir / "cifar-10-batches-bin" / "data_batch_3.bin"
    file.write_bytes(file.read_bytes()[:3073])
    train, test = read_folder(file.parent, None)
    assert (len(train), len(test)) == (49, 12)


def test_a_missing_file_is_named(data_dir):
    (data_dir / "cifar-10-batches-bin" / "data_batch_5.bin").unlink()
    with pytest.raises(FileNotFoundError, match=r"data_batch_5.bin"):
        read_folder(data_dir / "cifar-10-batches-bin", None)


def test_labels_beyond_nine_are_refused(tmp_path):
    (tmp_path / "test_batch.bin").write_bytes(bytes([10]) + bytes(3072))
    with pytest.raises(ValueError, match=r"test_batch.bin has labels outside 0 to 9"):
        read_bin(tmp_path / "test_batch.bin")


class Touch:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_a_pickle_that_calls_something_is_refused_and_calls_nothing(tmp_path):
    file = tmp_path / "test_batch"
    file.write_bytes(pickle.dumps({b"data": Touch(tmp_path / "touched"), b"labels": []}))
    with pytest.raises(ValueError, match=r"test_batch is not a CIFAR-10 batch .*open"):
        read_py(file)
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize(
    "batch",
    [
        {b"data": np.zeros((2, 3072), np.uint8)},
        {b"data": np.zeros((2, 3072), np.uint8), b"labels": [1]},
        {b"data": np.zeros((2, 3000), np.uint8), b"labels": [1, 2]},
        {b"data": np.zeros((2, 3072), np.float32), b"labels": [1, 2]},
        {b"data": np.zeros((2, 3072), np.uint8), b"labels": ["cat", "dog"]},
        [1, 2],
    ],
)
def test_a_pickle_of_something_else_is_refused(tmp_path, batch):
    (tmp_path / "data_batch_1").write_bytes(pickle.dumps(batch))
    with pytest.raises(ValueError, match="data_batch_1"):
        read_py(tmp_path / "data_batch_1")


@pytest.mark.parametrize("text", [b"", b"hello", pickle.dumps({b"data": b"x" * 100})[:50]])
def test_a_file_that_is_no_pickle_is_refused(tmp_path, text):
    (tmp_path / "data_batch_1").write_bytes(text)
    with pytest.raises(ValueError, match="data_batch_1 is not a CIFAR-10 batch"):
        read_py(tmp_path / "data_batch_1")

"""Read CIFAR-10 in the two layouts in which it is published."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

from datamodules.gray import ToGray
from datamodules.splits import Images

BATCHES = [f"data_batch_{i}" for i in range(1, 6)]
TEST = "test_batch"
RECORD = 1 + 3 * 32 * 32
AGAIN = "copy it again from the official archive"


def read_folder(folder: Path, to_gray: ToGray | None) -> tuple[Images, Images]:
    """The training and the test images of a folder in either layout.

    Raises:
        FileNotFoundError: if one of the six files is missing.
        ValueError: if one of them is damaged.
    """
    is_py = (folder / TEST).is_file()
    suffix, read = ("", read_py) if is_py else (".bin", read_bin)

    def images(names: list[str]) -> Images:
        return Images.concatenated([_gray(read(folder / (n + suffix)), to_gray) for n in names])

    return images(BATCHES), images([TEST])


def read_bin(file: Path) -> Images:
    """One binary file: records of a label and the red, green and blue plane, 3,073 bytes each."""
    raw = _existing(file).read_bytes()
    if not raw or len(raw) % RECORD:
        raise ValueError(
            f"{file} is truncated: {len(raw)} bytes are not a whole number of images "
            f"of {RECORD} bytes; {AGAIN}"
        )
    records = torch.frombuffer(bytearray(raw), dtype=torch.uint8).view(-1, RECORD)
    return _checked(records[:, 1:], records[:, 0].long(), file)


def read_py(file: Path) -> Images:
    """One pickled dictionary with ``data`` [n, 3072] and ``labels`` [n]."""
    with _existing(file).open("rb") as stream:
        try:
            batch = _NumpyOnly(stream, encoding="bytes").load()
            batch = {k.decode() if isinstance(k, bytes) else k: v for k, v in batch.items()}
            data, labels = np.array(batch["data"]), np.array(batch["labels"], dtype=np.int64)
        except Exception as error:  # a damaged pickle can raise anything
            raise ValueError(f"{file} is not a CIFAR-10 batch ({error}); {AGAIN}") from error
    if data.dtype != np.uint8 or data.shape != (len(labels), RECORD - 1):
        raise ValueError(
            f"{file}: expected bytes of shape ({len(labels)}, {RECORD - 1}), "
            f"got {data.dtype} of shape {data.shape}; {AGAIN}"
        )
    return _checked(torch.from_numpy(data), torch.from_numpy(labels), file)


class _NumpyOnly(pickle.Unpickler):
    """Loads arrays, numbers, strings and containers; refuses every other name in a pickle."""

    ALLOWED = {
        ("multiarray", "_reconstruct"),
        ("multiarray", "scalar"),
        ("numeric", "_frombuffer"),
    }

    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        package, _, last = module.rpartition(".")
        if (module, name) in {("numpy", "ndarray"), ("numpy", "dtype")}:
            return super().find_class(module, name)
        if package in {"numpy.core", "numpy._core"} and (last, name) in self.ALLOWED:
            return super().find_class(f"numpy._core.{last}", name)
        if (module, name) == ("_codecs", "encode"):
            return _encode_latin1
        raise pickle.UnpicklingError(f"it wants to call {module}.{name}")


def _encode_latin1(text: str, _encoding: str) -> bytes:
    """Bytes, as Python 3 writes them in the old pickle protocols."""
    return text.encode("latin1")


def _existing(file: Path) -> Path:
    if not file.is_file():
        raise FileNotFoundError(f"{file} is missing; {AGAIN}")
    return file


def _checked(planes: UInt8[Tensor, "n 3072"], labels: Tensor, file: Path) -> Images:
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < 10:
        raise ValueError(f"{file} has labels outside 0 to 9; {AGAIN}")
    return Images(planes.reshape(-1, 3, 32, 32), labels)


def _gray(images: Images, to_gray: ToGray | None) -> Images:
    return images if to_gray is None else Images(to_gray(images.pixels), images.labels)

"""Fetching CIFAR-10."""

import hashlib
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import urlopen

from rich.progress import wrap_file

URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
FOLDER = "cifar-10-batches-bin"


def download(data_dir: Path) -> None:
    """Fetch the official archive, check it, and leave ``cifar-10-batches-bin`` in ``data_dir``.

    Nothing else is left, whatever happens.

    Raises:
        FileNotFoundError: if the archive cannot be reached.
        ValueError: if it is not the official one.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=data_dir, prefix=".cifar10-") as name:
        temporary = Path(name)
        archive = temporary / "archive.tar.gz"
        _fetch(archive)
        with tarfile.open(archive) as tar:
            tar.extractall(temporary, filter="data")
        _put(temporary / FOLDER, data_dir / FOLDER)


def _fetch(archive: Path) -> None:
    digest = hashlib.md5(usedforsecurity=False)
    try:
        with urlopen(URL, timeout=60) as response, archive.open("wb") as file:
            size = int(response.headers.get("Content-Length") or 0)
            with wrap_file(response, total=size, description="CIFAR-10") as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
                    file.write(block)
    except OSError as error:
        raise FileNotFoundError(
            f"no CIFAR-10 in {archive.parents[1]}, and {URL} cannot be downloaded ({error}): "
            f"put its folder {FOLDER} there, or set paths.data_dir (or SCALEGMN_DATA)"
        ) from error
    if digest.hexdigest() != MD5:
        raise ValueError(f"{URL} came with MD5 {digest.hexdigest()}, expected {MD5}: try again")


def _put(folder: Path, target: Path) -> None:
    try:
        folder.rename(target)
    except OSError:
        # Another node was faster; its copy has passed the same check.
        if not target.is_dir():
            raise

"""Download CIFAR-10."""

from pathlib import Path
from tempfile import TemporaryDirectory

from datamodules.download import fetch
from datamodules.locking import locked
from datamodules.unpacking import put, unpack

URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
FOLDER = "cifar-10-batches-bin"


def download(data_dir: Path) -> None:
    """Fetch the official archive, check it, and leave ``cifar-10-batches-bin`` in ``data_dir``.

    Nothing else is left, whatever happens. Of several processes one downloads; the others wait.

    Raises:
        FileNotFoundError: if the archive cannot be reached.
        ValueError: if it is not the official one.
    """
    target = data_dir / FOLDER
    with locked(target):
        if target.exists():
            return
        with TemporaryDirectory(dir=data_dir, prefix=".cifar10-") as name:
            archive = Path(name) / "CIFAR-10.tar.gz"
            try:
                fetch(URL, archive, checksum=("md5", MD5))
            except FileNotFoundError as error:
                raise FileNotFoundError(
                    f"no CIFAR-10 in {data_dir}, and {error}: "
                    f"put its folder {FOLDER} there, or set paths.data_dir (or SCALEGMN_DATA)"
                ) from error
            unpack(archive, Path(name) / FOLDER)
            put(Path(name) / FOLDER, target)

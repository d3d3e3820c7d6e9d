"""Download MNIST and Fashion-MNIST."""

from dataclasses import dataclass
from pathlib import Path

from datamodules.download import fetch
from datamodules.locking import locked
from datamodules.mnist_files import PARTS, file_names, has_files


@dataclass(frozen=True)
class IdxSource:
    """Where the four files of a data set are.

    Attributes:
        url: address of the folder.
        md5: of each compressed file, images and labels, first of the training images.
    """

    url: str
    md5: tuple[str, str, str, str]


MNIST = IdxSource(
    "https://ossci-datasets.s3.amazonaws.com/mnist",
    (
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "d53e105ee54ea40749a09fcbcd1e9432",
        "9fb629c4189551a2d022fa330f9573f3",
        "ec29112dd5afa0611ce80d1b7f02629c",
    ),
)
FASHION_MNIST = IdxSource(
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
    (
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "25c81989df183df01b3e8a0aad5dffbe",
        "bef4ecab320f06d8554ea6380940ec79",
        "bb300cfdad3c16e7a12a480ee83cd310",
    ),
)


def download(source: IdxSource, folder: Path) -> None:
    """Fetch the compressed files that are not there, and check them.

    Of several processes one downloads; the others wait.

    Raises:
        FileNotFoundError: if a file cannot be reached.
        ValueError: if it is not the official one.
    """
    names = [f"{name}.gz" for part in PARTS for name in file_names(part)]
    with locked(folder):
        if has_files(folder):
            return
        for name, md5 in zip(names, source.md5, strict=True):
            if (folder / name).exists():
                continue
            try:
                fetch(f"{source.url}/{name}", folder / name, checksum=("md5", md5))
            except FileNotFoundError as error:
                raise FileNotFoundError(
                    f"no {name} in {folder}, and {error}: put it there, or set paths.data_dir (or "
                    "SCALEGMN_DATA)"
                ) from error

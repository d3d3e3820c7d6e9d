"""MNIST and Fashion-MNIST."""

from pathlib import Path
from typing import ClassVar

from datamodules import mnist_download
from datamodules.augmentation import crop
from datamodules.known_images import DownloadedImages
from datamodules.mnist_download import IdxSource
from datamodules.mnist_files import PARTS, has_files, read_part
from datamodules.splits import Images
from scalegmn.formats.folders import below


class MNIST(DownloadedImages):
    """MNIST: 70,000 gray digits of 28x28 pixels in 10 classes, split 54,000/6,000/10,000.

    Read from the idx files in ``MNIST/raw`` below ``data_dir``, compressed or not, as torchvision
    leaves them. Pixels are normalised with the training set's mean and deviation; ``augment`` only
    crops.

    Reference: LeCun et al., *Gradient-Based Learning Applied to Document Recognition*, 1998.
    """

    mean = (0.1307,)
    std = (0.3081,)
    known_name = "mnist"
    channels = 1
    size = 28
    augmented = crop
    # Where the official files are, below the data folder and on the web.
    official: ClassVar[str] = "MNIST/raw"
    source: ClassVar[IdxSource] = mnist_download.MNIST

    def found(self) -> Path | None:
        return self._place if has_files(self._place) else None

    def fetch(self) -> None:
        mnist_download.download(self.source, self._place)

    def read(self) -> tuple[Images, Images]:
        if not self._place.is_dir():
            raise FileNotFoundError(
                f"no folder {self._place.resolve()} with the idx files of {self.name}: set "
                "paths.data_dir (or SCALEGMN_DATA) to where they are, or allow data.download=true"
            )
        train, test = (read_part(self._place, part) for part in PARTS)
        return train, test

    @property
    def _place(self) -> Path:
        return below(self.data_dir, self.folder or self.official)


class FashionMNIST(MNIST):
    """Fashion-MNIST: 70,000 gray images of clothes in the format of MNIST, split like it.

    Read from ``FashionMNIST/raw``.

    Reference: Xiao et al., *Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning
    Algorithms*, 2017, arXiv:1708.07747.
    """

    mean = (0.2860,)
    std = (0.3530,)
    known_name = "fashion_mnist"
    official = "FashionMNIST/raw"
    source = mnist_download.FASHION_MNIST

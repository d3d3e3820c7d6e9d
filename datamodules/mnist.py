"""MNIST and Fashion-MNIST."""

from pathlib import Path
from typing import ClassVar

from datamodules import mnist_download
from datamodules.augmentation import crop
from datamodules.declared import check_declared
from datamodules.images import ImageDataModule
from datamodules.mnist_download import IdxSource
from datamodules.mnist_files import PARTS, has_files, read_part
from datamodules.splits import Images
from scalegmn.formats.folders import below
from scalegmn.formats.paths import expand_home

CLASSES = 10
SIZE = 28


class MNIST(ImageDataModule):
    """MNIST: 70,000 gray digits of 28x28 pixels in 10 classes, split 54,000/6,000/10,000.

    Read from the idx files in ``MNIST/raw`` below ``data_dir``, compressed or not, as torchvision
    leaves them. Pixels are normalised with the training set's mean and deviation.

    Reference: LeCun et al., *Gradient-Based Learning Applied to Document Recognition*, 1998.

    Args:
        data_dir: where data sets are.
        folder: another folder below it, with any number of images in the same files.
        download: fetch the official files where the folder has none; never for ``folder``.
        name: of the data set.
        in_channels: 1.
        num_classes: 10.
        image_size: 28.
        batch_size: see :class:`~datamodules.images.ImageDataModule`.
        augment: crop the training images at random.
        seed: see :class:`~datamodules.images.ImageDataModule`.
        split_seed: see :class:`~datamodules.images.ImageDataModule`.
        data_note: added to by the folder.

    Raises:
        FileNotFoundError: if the images are not there and may not be, or cannot be, downloaded.
        ValueError: if a file is damaged, or a number is not that of the data set.
    """

    may_prepare_in_parallel = True
    mean = (0.1307,)
    std = (0.3081,)
    # Where the official files are, below the data folder and on the web.
    official: ClassVar[str] = "MNIST/raw"
    source: ClassVar[IdxSource] = mnist_download.MNIST

    def __init__(
        self,
        *,
        data_dir: str | Path,
        folder: str | None = None,
        download: bool = True,
        name: str = "mnist",
        in_channels: int = 1,
        num_classes: int = CLASSES,
        image_size: int = SIZE,
        batch_size: int = 256,
        augment: bool = False,
        seed: int = 42,
        split_seed: int = 42,
        data_note: str | None = None,
    ) -> None:
        notes = [data_note, f"folder {folder}" if folder else None]
        super().__init__(
            name=name,
            in_channels=in_channels,
            num_classes=num_classes,
            image_size=image_size,
            batch_size=batch_size,
            augmentation=crop if augment else None,
            seed=seed,
            split_seed=split_seed,
            data_note=", ".join(note for note in notes if note) or None,
        )
        check_declared("in_channels", in_channels, 1, name)
        check_declared("num_classes", num_classes, CLASSES, name)
        check_declared("image_size", image_size, SIZE, name)
        self.data_dir = expand_home(data_dir)
        self.folder = below(data_dir, folder or self.official)
        self.download = download and folder is None

    def prepare_data(self) -> None:
        if self.download and not has_files(self.folder):
            mnist_download.download(self.source, self.folder)

    def read(self) -> tuple[Images, Images]:
        if not self.folder.is_dir():
            raise FileNotFoundError(
                f"no folder {self.folder.resolve()} with the idx files of {self.name}: set "
                "paths.data_dir (or SCALEGMN_DATA) to where they are, or allow data.download=true"
            )
        train, test = (read_part(self.folder, part) for part in PARTS)
        return train, test


class FashionMNIST(MNIST):
    """Fashion-MNIST: 70,000 gray images of clothes in the format of MNIST, split like it.

    Read from ``FashionMNIST/raw``.

    Reference: Xiao et al., *Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning
    Algorithms*, 2017, arXiv:1708.07747.
    """

    mean = (0.2860,)
    std = (0.3530,)
    official = "FashionMNIST/raw"
    source = mnist_download.FASHION_MNIST

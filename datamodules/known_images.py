"""Published data sets of images, whose numbers are known before they are read."""

from abc import abstractmethod
from pathlib import Path
from typing import ClassVar

from datamodules.declared import check_declared
from datamodules.images import ImageDataModule
from datamodules.normalized import Augmentation
from scalegmn.formats.paths import expand_home


class KnownImages(ImageDataModule):
    """Images of a data set that has a known size, and a known number of channels and classes.

    A subclass reads the images, and sets the attributes below for the class or before this
    constructor; what a config declares is checked against them, before anything is downloaded.

    Args:
        name: of the data set; ``None`` for ``known_name``.
        in_channels: ``channels``; ``None`` for that.
        num_classes: ``classes``; ``None`` for that.
        image_size: ``size``; ``None`` for that.
        batch_size: see :class:`~datamodules.images.ImageDataModule`.
        augment: change the training images at random, by ``augmented``.
        seed: see :class:`~datamodules.images.ImageDataModule`.
        split_seed: see :class:`~datamodules.images.ImageDataModule`.
        data_note: see :class:`~datamodules.images.ImageDataModule`.

    Attributes:
        known_name: the usual name of the data set.
        channels: of its images.
        classes: number of labels.
        size: height and width of its images.
        augmented: how training images are changed.

    Raises:
        ValueError: if a number is not above 0, or not that of the data set.
    """

    known_name: str
    channels: int
    classes: int = 10
    size: int
    augmented: ClassVar[Augmentation]

    def __init__(
        self,
        *,
        name: str | None = None,
        in_channels: int | None = None,
        num_classes: int | None = None,
        image_size: int | None = None,
        batch_size: int = 256,
        augment: bool = False,
        seed: int = 42,
        split_seed: int = 42,
        data_note: str | None = None,
    ) -> None:
        super().__init__(
            name=self.known_name if name is None else name,
            in_channels=self.channels if in_channels is None else in_channels,
            num_classes=self.classes if num_classes is None else num_classes,
            image_size=self.size if image_size is None else image_size,
            batch_size=batch_size,
            augmentation=type(self).augmented if augment else None,
            seed=seed,
            split_seed=split_seed,
            data_note=data_note,
        )
        where = self.described()
        check_declared("in_channels", self.in_channels, self.channels, where)
        check_declared("num_classes", self.num_classes, self.classes, where)
        check_declared("image_size", self.image_size, self.size, where)

    def described(self) -> str:
        """The data set in messages."""
        return self.name


class DownloadedImages(KnownImages):
    """A data set that is read from a folder, into which its official files can be downloaded.

    A subclass finds the folder and downloads into it.

    Args:
        data_dir: where data sets are.
        folder: the name of another folder below it, with any number of images in the same files.
        download: fetch the official files where they are missing; never for ``folder``.
        name: see :class:`KnownImages`, like the next six.
        in_channels: checked.
        num_classes: checked.
        image_size: checked.
        batch_size: images per batch, over all processes.
        augment: change the training images at random.
        seed: of the order of training images.
        split_seed: of the choice of validation images.
        data_note: added to by the folder.

    Raises:
        FileNotFoundError: if the images are not there and may not be, or cannot be, downloaded.
        ValueError: if a file is damaged, or a number is not that of the data set.
    """

    may_prepare_in_parallel = True

    def __init__(
        self,
        *,
        data_dir: str | Path,
        folder: str | None = None,
        download: bool = True,
        name: str | None = None,
        in_channels: int | None = None,
        num_classes: int | None = None,
        image_size: int | None = None,
        batch_size: int = 256,
        augment: bool = False,
        seed: int = 42,
        split_seed: int = 42,
        data_note: str | None = None,
    ) -> None:
        super().__init__(
            name=name,
            in_channels=in_channels,
            num_classes=num_classes,
            image_size=image_size,
            batch_size=batch_size,
            augment=augment,
            seed=seed,
            split_seed=split_seed,
            data_note=notes(data_note, f"folder {folder}" if folder else None),
        )
        self.data_dir = expand_home(data_dir)
        self.folder = folder
        self.download = download and folder is None

    def prepare_data(self) -> None:
        if self.download and self.found() is None:
            self.fetch()

    @abstractmethod
    def found(self) -> Path | None:
        """The folder with the files, if they are there."""

    @abstractmethod
    def fetch(self) -> None:
        """Download the official files."""


def notes(*parts: str | None) -> str | None:
    """Remarks about data in one text, without those that are ``None``."""
    return ", ".join(part for part in parts if part) or None

"""CIFAR-10, in colour or gray."""

from pathlib import Path

from datamodules.augmentation import crop_and_flip
from datamodules.cifar10_archive import FOLDER as BIN
from datamodules.cifar10_archive import download
from datamodules.cifar10_files import read_folder
from datamodules.declared import check_declared
from datamodules.gray import GRAY
from datamodules.images import ImageDataModule
from datamodules.splits import Images
from scalegmn.formats.folders import below
from scalegmn.formats.paths import expand_home

PY = "cifar-10-batches-py"
CLASSES = 10
SIZE = 32
# By whether the images are gray.
NAMES = ("cifar10", "cifar10_gray")


class CIFAR10(ImageDataModule):
    """CIFAR-10: 60,000 colour images of 32x32 pixels in 10 classes, split 45,000/5,000/10,000.

    Read from ``cifar-10-batches-bin`` or ``cifar-10-batches-py`` below ``data_dir``, or from
    another folder there that holds the same files. Gray images are normalised to [-1, 1], colour
    with the training set's mean and deviation.

    Reference: A. Krizhevsky, *Learning Multiple Layers of Features from Tiny Images*, 2009.

    Args:
        data_dir: where data sets are.
        folder: the name of another folder below it, with any number of images in the same files.
        download: fetch the official archive where neither folder exists; never for ``folder``.
        gray: ``"luma"``, ``"mean"``, or ``None`` for colour.
        name: of the data set; ``None`` for ``cifar10``, or ``cifar10_gray`` with ``gray``.
        in_channels: 3, or 1 with ``gray``; ``None`` for the one that fits.
        num_classes: 10.
        image_size: 32.
        batch_size: see :class:`~datamodules.images.ImageDataModule`.
        augment: crop and mirror the training images at random.
        seed: see :class:`~datamodules.images.ImageDataModule`.
        split_seed: see :class:`~datamodules.images.ImageDataModule`.
        data_note: added to by the folder and by an unusual gray.

    Raises:
        FileNotFoundError: if the images are not there and may not be, or cannot be, downloaded.
        ValueError: if a file is damaged, ``gray`` is unknown, or a number is not CIFAR-10's.
    """

    may_prepare_in_parallel = True

    def __init__(
        self,
        *,
        data_dir: str | Path,
        folder: str | None = None,
        download: bool = True,
        gray: str | None = None,
        name: str | None = None,
        in_channels: int | None = None,
        num_classes: int = CLASSES,
        image_size: int = SIZE,
        batch_size: int = 256,
        augment: bool = False,
        seed: int = 42,
        split_seed: int = 42,
        data_note: str | None = None,
    ) -> None:
        if gray is not None and gray not in GRAY:
            raise ValueError(f"data.gray must be one of {sorted(GRAY)} or null, got {gray!r}")
        notes = [
            data_note,
            f"folder {folder}" if folder else None,
            "gray is the channel mean" if gray == "mean" else None,
        ]
        channels = 1 if gray else 3
        super().__init__(
            name=name or NAMES[bool(gray)],
            in_channels=channels if in_channels is None else in_channels,
            num_classes=num_classes,
            image_size=image_size,
            batch_size=batch_size,
            augmentation=crop_and_flip if augment else None,
            seed=seed,
            split_seed=split_seed,
            data_note=", ".join(note for note in notes if note) or None,
        )
        where = f"CIFAR-10 with data.gray={gray or 'null'}"
        if self.name in NAMES:
            check_declared("name", self.name, NAMES[bool(gray)], where)
        check_declared("in_channels", self.in_channels, channels, where)
        check_declared("num_classes", num_classes, CLASSES, where)
        check_declared("image_size", image_size, SIZE, where)
        self.data_dir = expand_home(data_dir)
        self.folder = folder
        self.download = download
        self.to_gray = GRAY[gray] if gray else None
        self.mean = (0.5,) if gray else (0.4914, 0.4822, 0.4465)
        self.std = (0.5,) if gray else (0.2470, 0.2435, 0.2616)

    def prepare_data(self) -> None:
        if self.download and self.folder is None and self._found() is None:
            download(self.data_dir)

    def read(self) -> tuple[Images, Images]:
        found = self._found()
        if found is None:
            names = [self.folder] if self.folder else [BIN, PY]
            raise FileNotFoundError(
                f"no CIFAR-10 in {self.data_dir.resolve()}: expected the folder "
                f"{' or '.join(names)}; set paths.data_dir (or SCALEGMN_DATA) to where it is"
                + ("" if self.folder else ", or allow data.download=true")
            )
        return read_folder(found, self.to_gray)

    def _found(self) -> Path | None:
        names = [self.folder] if self.folder else [BIN, PY]
        folders = [below(self.data_dir, name) for name in names]
        return next((folder for folder in folders if folder.is_dir()), None)

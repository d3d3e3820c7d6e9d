"""CIFAR-10, in colour or gray."""

from pathlib import Path

from datamodules.augmentation import crop_and_flip
from datamodules.cifar10_archive import FOLDER as BIN
from datamodules.cifar10_archive import download as download_archive
from datamodules.cifar10_files import read_folder
from datamodules.declared import check_declared
from datamodules.gray import GRAY
from datamodules.known_images import DownloadedImages, notes
from datamodules.splits import Images
from scalegmn.formats.folders import below

PY = "cifar-10-batches-py"
# By whether the images are gray.
NAMES = ("cifar10", "cifar10_gray")


class CIFAR10(DownloadedImages):
    """CIFAR-10: 60,000 colour images of 32x32 pixels in 10 classes, split 45,000/5,000/10,000.

    Read from ``cifar-10-batches-bin`` or ``cifar-10-batches-py`` below ``data_dir``, or from
    another folder there that holds the same files. Gray images are normalised to [-1, 1], colour
    with the training set's mean and deviation; ``augment`` crops and mirrors.

    Reference: A. Krizhevsky, *Learning Multiple Layers of Features from Tiny Images*, 2009.

    Args:
        data_dir: see :class:`~datamodules.known_images.DownloadedImages`, like all but ``gray``.
        folder: of other images in the same files.
        download: fetch the official archive.
        gray: ``"luma"``, ``"mean"``, or ``None`` for colour.
        name: ``cifar10``, or ``cifar10_gray`` with ``gray``.
        in_channels: 3, or 1 with ``gray``.
        num_classes: 10.
        image_size: 32.
        batch_size: images per batch, over all processes.
        augment: crop and mirror the training images at random.
        seed: of the order of training images.
        split_seed: of the choice of validation images.
        data_note: added to by the folder and by an unusual gray.

    Raises:
        FileNotFoundError: if the images are not there and may not be, or cannot be, downloaded.
        ValueError: if a file is damaged, ``gray`` is unknown, or a number is not CIFAR-10's.
    """

    size = 32
    augmented = crop_and_flip

    def __init__(
        self,
        *,
        data_dir: str | Path,
        folder: str | None = None,
        download: bool = True,
        gray: str | None = None,
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
        if gray is not None and gray not in GRAY:
            raise ValueError(f"data.gray must be one of {sorted(GRAY)} or null, got {gray!r}")
        self.gray = gray
        self.known_name = NAMES[bool(gray)]
        self.channels = 1 if gray else 3
        super().__init__(
            data_dir=data_dir,
            folder=folder,
            download=download,
            name=name,
            in_channels=in_channels,
            num_classes=num_classes,
            image_size=image_size,
            batch_size=batch_size,
            augment=augment,
            seed=seed,
            split_seed=split_seed,
            data_note=data_note,
        )
        if self.name in NAMES:
            check_declared("name", self.name, self.known_name, self.described())
        if gray == "mean":
            self.data_note = notes(self.data_note, "gray is the channel mean")
        self.mean = (0.5,) if gray else (0.4914, 0.4822, 0.4465)
        self.std = (0.5,) if gray else (0.2470, 0.2435, 0.2616)

    def described(self) -> str:
        return f"CIFAR-10 with data.gray={self.gray or 'null'}"

    def found(self) -> Path | None:
        folders = [below(self.data_dir, name) for name in self._names]
        return next((folder for folder in folders if folder.is_dir()), None)

    def fetch(self) -> None:
        download_archive(self.data_dir)

    def read(self) -> tuple[Images, Images]:
        found = self.found()
        if found is None:
            raise FileNotFoundError(
                f"no CIFAR-10 in {self.data_dir.resolve()}: expected the folder "
                f"{' or '.join(self._names)}; set paths.data_dir (or SCALEGMN_DATA) to where it is"
                + ("" if self.folder else ", or allow data.download=true")
            )
        return read_folder(found, GRAY[self.gray] if self.gray else None)

    @property
    def _names(self) -> list[str]:
        return [self.folder] if self.folder else [BIN, PY]

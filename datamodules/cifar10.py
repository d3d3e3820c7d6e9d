"""CIFAR-10, in colour or gray."""

from pathlib import Path

from datamodules.augmentation import crop_and_flip
from datamodules.cifar10_archive import download
from datamodules.cifar10_files import read_folder
from datamodules.gray import GRAY
from datamodules.images import ImageDataModule
from datamodules.splits import Images

BIN = "cifar-10-batches-bin"
PY = "cifar-10-batches-py"


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
        batch_size: see :class:`~datamodules.images.ImageDataModule`.
        augment: crop and mirror the training images at random.
        seed: likewise.
        split_seed: likewise.
        data_note: likewise; the folder and an unusual gray are added to it.

    Raises:
        FileNotFoundError: if the images are not there and may not be, or cannot be, downloaded.
        ValueError: if a file is damaged, or ``gray`` is unknown.
    """

    num_classes = 10
    image_size = 32

    def __init__(
        self,
        *,
        data_dir: str | Path,
        folder: str | None = None,
        download: bool = True,
        gray: str | None = None,
        batch_size: int = 256,
        augment: bool = False,
        seed: int = 42,
        split_seed: int = 42,
        data_note: str | None = None,
    ) -> None:
        notes = [
            data_note,
            f"folder {folder}" if folder else None,
            "gray is the channel mean" if gray == "mean" else None,
        ]
        super().__init__(
            batch_size=batch_size,
            augmentation=crop_and_flip if augment else None,
            seed=seed,
            split_seed=split_seed,
            data_note=", ".join(note for note in notes if note) or None,
        )
        if gray is not None and gray not in GRAY:
            raise ValueError(f"data.gray must be one of {sorted(GRAY)} or null, got {gray!r}")
        self.data_dir = Path(data_dir).expanduser()
        self.folder = folder
        self.download = download
        self.to_gray = GRAY[gray] if gray else None
        self.name = "cifar10_gray" if gray else "cifar10"
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
        return next((self.data_dir / n for n in names if (self.data_dir / n).is_dir()), None)

"""Images of the user's own: a folder for each class."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import torch
from jaxtyping import Int64
from torch import Tensor

from datamodules.augmentation import crop_and_flip
from datamodules.image_cache import ImageCache
from datamodules.image_decoding import MODES
from datamodules.image_listing import class_names
from datamodules.images import ImageDataModule
from datamodules.splits import Images, hold_out
from scalegmn.formats.folders import below, existing_folder

TEST_FRACTION = 0.2
HINT = (
    "data.folder is a folder with a folder of images for each class, below paths.data_dir or as an "
    "absolute path"
)


class ImageFolder(ImageDataModule):
    """Images in ``<folder>/<class>/``, of any size and format, split into train, val and test.

    Labels are the alphabetical order of the classes. A fifth of the images is for testing, and a
    tenth of the rest for validation, chosen by ``split_seed``; where there are folders ``train/``
    and ``test/`` or ``val/``, each with a folder per class, these are the split, and only what is
    missing is cut off from ``train/``. Images are decoded once, into a file below ``cache_dir``, as
    squares of ``image_size`` pixels (:func:`~datamodules.image_decoding.decode`). Files that cannot
    be decoded, or that lie outside of classes, are left out, which a warning says once.

    Args:
        data_dir: where data sets are.
        folder: below it, or an absolute path.
        cache_dir: where decoded images are kept.
        digest: of the folder's content, for the identity of runs; it is not looked at.
        name: of the data set, for results and files.
        in_channels: 3 for colour, 1 for gray; images are converted.
        num_classes: at least the number of folders; ``None`` for that.
        image_size: height and width that images are scaled to.
        batch_size: see :class:`~datamodules.images.ImageDataModule`.
        augment: crop and mirror the training images at random.
        mean: of each channel, for pixels in [0, 1]; ``None`` for 0.5.
        std: standard deviation of each channel; ``None`` for 0.5.
        seed: see :class:`~datamodules.images.ImageDataModule`.
        split_seed: of the choice of test and validation images.
        data_note: see :class:`~datamodules.images.ImageDataModule`.

    Raises:
        FileNotFoundError: if there is no such folder.
        ValueError: if a number does not fit the folder; from ``prepare_data``, if fewer than two
            classes have images.
    """

    may_prepare_in_parallel = True

    def __init__(
        self,
        *,
        data_dir: str | Path,
        folder: str | Path | None,
        cache_dir: str | Path,
        digest: str | None = None,
        name: str,
        in_channels: int = 3,
        num_classes: int | None = None,
        image_size: int = 32,
        batch_size: int = 256,
        augment: bool = False,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        seed: int = 42,
        split_seed: int = 42,
        data_note: str | None = None,
    ) -> None:
        if folder is None:
            raise ValueError(f"data.folder is not set: {HINT}")
        path = existing_folder(below(data_dir, folder), HINT)
        found = len(class_names(path))
        if num_classes is not None and found > num_classes:
            raise ValueError(
                f"data.num_classes={num_classes}, but {path} has {found} folders of classes: set "
                f"data.num_classes={found}, or remove some"
            )
        if in_channels not in MODES:
            raise ValueError(f"data.in_channels={in_channels}: expected 1 (gray) or 3 (colour)")
        super().__init__(
            name=name,
            in_channels=in_channels,
            num_classes=max(found, 1) if num_classes is None else num_classes,
            image_size=image_size,
            batch_size=batch_size,
            augmentation=crop_and_flip if augment else None,
            seed=seed,
            split_seed=split_seed,
            data_note=data_note,
        )
        self.digest = digest
        self.mean = _per_channel("mean", mean, in_channels)
        self.std = _per_channel("std", std, in_channels)
        self._cache = ImageCache(
            path, cache_dir=below(cache_dir, ""), size=image_size, channels=in_channels
        )

    def prepare_data(self) -> None:
        self._cache.make()

    def read(self) -> tuple[Images, Images]:
        if "all" in self._parts:
            return self._tested(self._parts["all"])
        if "test" in self._parts:
            return self._pool(self._parts["train"]), self._parts["test"]
        train, test = self._tested(self._parts["train"])
        return self._pool(train), test

    def _tested(self, images: Images) -> tuple[Images, Images]:
        """Images without some of them, and these for testing."""
        rest, test = hold_out(images, TEST_FRACTION, seed=self.split_seed)
        if not len(test):
            raise ValueError(
                f"{self.name}: {len(images)} images leave none for testing, which takes one in "
                f"{round(1 / TEST_FRACTION)}; add images, or folders train/ and test/"
            )
        return rest, test

    def held_out(self, count: int) -> tuple[Int64[Tensor, " _train"], Int64[Tensor, " _val"]]:
        if "val" not in self._parts:
            return super().held_out(count)
        rows = torch.arange(count)
        first = count - len(self._parts["val"])
        return rows[:first], rows[first:]

    def _pool(self, train: Images) -> Images:
        """Training images, then those for validation where the folder has them."""
        val = self._parts.get("val")
        return train if val is None else Images.concatenated([train, val])

    @cached_property
    def _parts(self) -> dict[str, Images]:
        return self._cache.read()


def _per_channel(key: str, given: Sequence[float] | None, channels: int) -> tuple[float, ...]:
    if given is None:
        return (0.5,) * channels
    if len(given) != channels or key == "std" and not min(given) > 0:
        wanted = " above 0" if key == "std" else ""
        raise ValueError(
            f"data.{key}={list(given)}: expected {channels} numbers{wanted}, one for each channel"
        )
    return tuple(map(float, given))

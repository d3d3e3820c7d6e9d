"""Decode the images of a folder once, into one file of bytes."""

import hashlib
import json
import logging
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from datamodules.image_decoding import decode
from datamodules.image_listing import ListedFile, Listing, list_images, size_and_time
from datamodules.locking import locked
from datamodules.splits import Images
from scalegmn.formats import atomic_path, read_metadata

log = logging.getLogger(__name__)

# A cache of another version is made again.
VERSION = 1
# Odd files that a message names.
SHOWN = 10
ORDER = ("all", "train", "val", "test")


class ImageCache:
    """The images of a folder, as bytes of one size in a file that is made again when they change.

    Of several processes one makes it, whole or not at all; the others wait. A warning names once
    what was left out.

    Args:
        folder: of the images, see :func:`~datamodules.image_listing.list_images`.
        cache_dir: where the file goes.
        size: height and width of the images.
        channels: 1 for gray, 3 for colour.
    """

    def __init__(self, folder: Path, *, cache_dir: Path, size: int, channels: int) -> None:
        self.folder = folder
        self.size = size
        self.channels = channels
        place = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:8]
        name = f"{folder.resolve().name}_{place}_{size}_{channels}.safetensors"
        self.file = cache_dir / name

    def make(self) -> None:
        """Decode all images, unless that was done before.

        Raises:
            ValueError: if fewer than two classes have images.
        """
        with locked(self.file):
            listing = list_images(self.folder)
            source = self._source(listing)
            if self._made_from() != source:
                self._write(listing, source)

    def read(self) -> dict[str, Images]:
        """The images of each part: ``all``, or ``train`` and what else there is."""
        self.make()
        tensors = load_file(self.file)
        images = Images(tensors["pixels"], tensors["labels"])
        parts = {part: (tensors["part"] == i).nonzero()[:, 0] for i, part in enumerate(ORDER)}
        return {part: images[rows] for part, rows in parts.items() if len(rows)}

    def _source(self, listing: Listing) -> str:
        """Identifies the files and how they are decoded."""
        files = [(f.path, *size_and_time(self.folder / f.path)) for f in listing.files]
        content = [VERSION, self.size, self.channels, listing.classes, files]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def _made_from(self) -> str | None:
        if not self.file.exists():
            return None
        try:
            return read_metadata(self.file).get("source")
        except ValueError:  # damaged: it is made again
            return None

    def _write(self, listing: Listing, source: str) -> None:
        log.info("%s: decoding %d files, once", self.folder, len(listing.files))
        kept, pixels, odd = self._decoded(listing.files)
        used = {file.label for file in kept}
        empty = [f"{name}/ (no images)" for i, name in enumerate(listing.classes) if i not in used]
        odd += empty + [f"{name} (in no class)" for name in listing.outside]
        if len(used) < 2:
            raise ValueError(
                f"{self.folder}: expected a folder of images for each of two or more classes, "
                f"found {len(used)} with images" + (f"; left out: {_shown(odd)}" if odd else "")
            )
        tensors = {
            "pixels": torch.stack(pixels),
            "labels": torch.tensor([file.label for file in kept]),
            "part": torch.tensor([ORDER.index(file.part) for file in kept]),
        }
        with atomic_path(self.file) as temporary:
            save_file(tensors, temporary, {"source": source})
        if odd:
            log.warning("%s: left out %d: %s", self.folder, len(odd), _shown(odd))

    def _decoded(
        self, files: Sequence[ListedFile]
    ) -> tuple[list[ListedFile], list[Tensor], list[str]]:
        """The files that are images, their pixels, and what the others are."""
        kept, pixels, odd = [], [], []
        # Pillow works outside of Python's lock.
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            for file, found in zip(files, threads.map(self._decode, files), strict=True):
                if isinstance(found, str):
                    odd.append(f"{file.path} ({found})")
                else:
                    kept.append(file)
                    pixels.append(found)
        return kept, pixels, odd

    def _decode(self, file: ListedFile) -> Tensor | str:
        """The pixels of a file, or why it has none."""
        try:
            return decode(self.folder / file.path, size=self.size, channels=self.channels)
        except ValueError as error:
            return str(error)


def _shown(odd: Sequence[str]) -> str:
    more = f" and {len(odd) - SHOWN} more" if len(odd) > SHOWN else ""
    return ", ".join(odd[:SHOWN]) + more

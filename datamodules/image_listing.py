"""List the images of a folder that has a folder for each class.

Quick to import, as configs ask for the number of classes before PyTorch is loaded.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Part = Literal["all", "train", "val", "test"]

# Names of folders that split the images, where there is one for training.
PARTS: dict[str, Part] = {
    "train": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
}
# Of files and folders that systems leave everywhere, such as .DS_Store and __MACOSX.
HIDDEN = (".", "__")


@dataclass(frozen=True)
class ListedFile:
    """A file in the folder of a class.

    Args:
        path: below the folder of all images.
        label: index of its class.
        part: of the split; ``all`` where the folder has none.
    """

    path: str
    label: int
    part: Part


@dataclass(frozen=True)
class Listing:
    """The files of a folder by class, in alphabetical order.

    Args:
        classes: names of the folders of classes; empty ones count, so that labels stay.
        files: everything in them that is not hidden, images or not.
        outside: files and folders that belong to no class.
    """

    classes: tuple[str, ...]
    files: tuple[ListedFile, ...]
    outside: tuple[str, ...]

    @property
    def parts(self) -> frozenset[Part]:
        """The parts of the split that have files."""
        return frozenset(file.part for file in self.files)


def list_images(folder: Path) -> Listing:
    """The files of a folder with ``<class>/<image>``, or ``<part>/<class>/<image>``.

    Parts are ``train``, ``val`` (``valid``, ``validation``) and ``test``; classes are then those of
    ``train``. A folder has parts where it has a folder ``train``, and no other folders or one of
    the others. Images may lie deeper inside the folder of their class. Hidden files and folders
    (``.*``, ``__*``) are not seen.

    Raises:
        OSError: if the folder cannot be read.
    """
    parts = _parts(folder)
    classes = class_names(folder)
    labels = {name: label for label, name in enumerate(classes)}
    outside = [] if folder in parts.values() else _others(folder, {p.name for p in parts.values()})
    files = []
    for name, path in parts.items():
        outside += [f"{path.relative_to(folder) / other}" for other in _others(path, set(labels))]
        for entry in _visible(path):
            if entry.name in labels and entry.is_dir():
                label, part = labels[entry.name], PARTS.get(name, "all")
                for file in _walk(entry):
                    files.append(ListedFile(file.relative_to(folder).as_posix(), label, part))
    return Listing(classes, tuple(files), tuple(outside))


def class_names(folder: Path) -> tuple[str, ...]:
    """The names of the classes, in alphabetical order."""
    root = _parts(folder).get("train", folder)
    return tuple(entry.name for entry in _visible(root) if entry.is_dir())


def count_classes(data_dir: str, folder: str | None) -> int:
    """The number of classes of a folder below ``data_dir``; 0 if there is no such folder."""
    path = _below(data_dir, folder)
    return 0 if path is None else len(class_names(path))


def content_digest(data_dir: str, folder: str | None) -> str | None:
    """12 hexadecimal digits of the names and sizes of all files; ``None`` without a folder."""
    path = _below(data_dir, folder)
    if path is None:
        return None
    files = [(file.path, size_and_time(path / file.path)[0]) for file in list_images(path).files]
    return hashlib.sha256(json.dumps(files).encode()).hexdigest()[:12]


def size_and_time(file: Path) -> tuple[int, int]:
    """Bytes, and nanoseconds of the last change; -1 and 0 of a link to nowhere."""
    if not file.exists():
        return -1, 0
    stat = file.stat()
    return stat.st_size, stat.st_mtime_ns


def _below(data_dir: str, folder: str | None) -> Path | None:
    path = None if folder is None else Path(data_dir).expanduser() / Path(folder).expanduser()
    return path if path is not None and path.is_dir() else None


def _parts(folder: Path) -> dict[str, Path]:
    """The folders of parts by their names; the folder itself where it has none."""
    folders = {entry.name: entry for entry in _visible(folder) if entry.is_dir()}
    known = {name: path for name, path in folders.items() if name in PARTS}
    if "train" in known and (len(known) > 1 or len(folders) == 1):
        return known
    return {"": folder}


def _others(folder: Path, known: set[str]) -> list[str]:
    """What is in a folder besides known folders; names of folders end with a slash."""
    return [
        f"{entry.name}/" if entry.is_dir() else entry.name
        for entry in _visible(folder)
        if entry.name not in known or not entry.is_dir()
    ]


def _visible(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith(HIDDEN))


def _walk(folder: Path) -> Iterator[Path]:
    # A link may lead to what the folder is in: that has the images of other classes.
    seen = {str(parent) for parent in Path(os.path.realpath(folder)).parents}
    for path, folders, files in os.walk(folder, followlinks=True):
        # A link may lead to a folder that it is in.
        real = os.path.realpath(path)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith(HIDDEN))
        for name in sorted(files):
            if not name.startswith(HIDDEN):
                yield Path(path) / name

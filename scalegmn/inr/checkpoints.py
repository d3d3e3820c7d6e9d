"""INRs as files of one network each, in the layouts of published data sets."""

import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from scalegmn.formats import atomic_path
from scalegmn.formats.state_dict import load_plain
from scalegmn.formats.validation import validate
from scalegmn.inr.inr_set import INRSet, concatenate
from scalegmn.targets import Siren

Part = Literal["train", "test"]
# Images of CIFAR-10 that are training images come first in its published INRs.
CIFAR_TRAIN = 50_000
AGAIN = "get the data set again (python get_data.py), or delete this file"


@dataclass(frozen=True)
class Checkpoint:
    """The file of one INR.

    Attributes:
        path: of the file.
        part: training or test images.
        image: number of the image in this part.
        copy: number of the fit among those of the same image.
        label: class of the image; ``None`` where the file holds it.
    """

    path: Path
    part: Part
    image: int
    copy: int
    label: int | None


@dataclass(frozen=True)
class CheckpointLayout:
    """How the files of a published data set lie in its folder.

    Attributes:
        pattern: a glob that finds them.
        name: what their paths are, from the folder on.
        read: makes a checkpoint of a path and its match, still the only fit of its image.
        numbered: whether the number of an image is that of the data set's own files.
    """

    pattern: str
    name: re.Pattern[str]
    read: Callable[[Path, re.Match[str]], Checkpoint]
    numbered: bool


def _mnist(path: Path, name: re.Match[str]) -> Checkpoint:
    part: Part = "train" if name["part"] == "training" else "test"
    return Checkpoint(path, part, int(name["image"]), 0, int(name["label"]))


def _fmnist(path: Path, name: re.Match[str]) -> Checkpoint:
    part: Part = "train" if name["part"] == "train" else "test"
    return Checkpoint(path, part, int(name["image"]), 0, None)


def _cifar(path: Path, name: re.Match[str]) -> Checkpoint:
    image = int(name["image"])
    part: Part = "train" if image < CIFAR_TRAIN else "test"
    copy = 0 if name["copy"] is None else int(name["copy"]) + 1
    return Checkpoint(
        path, part, image if part == "train" else image - CIFAR_TRAIN, copy, int(name["label"])
    )


LAYOUTS = (
    # mnist-inrs, and what fit_inrs writes.
    CheckpointLayout(
        "*/checkpoints/*.pth",
        re.compile(r"\w+?_(?P<part>training|testing)_(?P<label>\d+)_(?P<image>\d+)/checkpoints/.+"),
        _mnist,
        numbered=True,
    ),
    # fmnist_inrs
    CheckpointLayout(
        "t*/model_*.pth",
        re.compile(r"(?P<part>train|test)/model_(?P<image>\d+)\.pth"),
        _fmnist,
        numbered=False,
    ),
    # siren_cifar_wts
    CheckpointLayout(
        "randinit_smaller_*/net*.pth",
        re.compile(
            r"randinit_smaller_(?:aug(?P<copy>\d+)_)?(?P<label>\d+)s/net(?P<image>\d+)\.pth"
        ),
        _cifar,
        numbered=False,
    ),
)


def find_checkpoints(folder: Path) -> tuple[list[Checkpoint], CheckpointLayout]:
    """The INRs in a folder in one of the published layouts, in the order of their paths.

    Raises:
        FileNotFoundError: if there are none.
    """
    for layout in LAYOUTS:
        matched = [
            (path, name)
            for path in sorted(folder.glob(layout.pattern))
            if (name := layout.name.fullmatch(path.relative_to(folder).as_posix()))
        ]
        if matched:
            return _counted([layout.read(path, name) for path, name in matched]), layout
    known = ", ".join(layout.pattern for layout in LAYOUTS)
    raise FileNotFoundError(
        f"{folder}: no INRs; expected packed files of `python train.py experiment=fit_inrs`, or "
        f"checkpoints as {known} (python get_data.py mnist-inrs)"
    )


def read_checkpoints(checkpoints: Iterable[Checkpoint], siren: Siren) -> INRSet:
    """Read files into one set.

    Raises:
        ValueError: in one line, naming the file that is damaged, holds another network or numbers
            that are not finite, or no label where it should.
    """
    expected = {name: p.detach() for name, p in siren.named_parameters()}
    return concatenate([_read(checkpoint, expected) for checkpoint in checkpoints])


def write_checkpoint(path: Path, params: dict[str, Tensor]) -> None:
    """Write the state dict of one INR, whole or not at all; equal INRs give equal bytes."""
    # Into memory: an archive holds the name of the file that it is written to.
    buffer = io.BytesIO()
    torch.save({name: p.contiguous().clone() for name, p in params.items()}, buffer)
    with atomic_path(path) as temporary:
        temporary.write_bytes(buffer.getvalue())


def checkpoint_name(part: Part, label: int, image: int, copy: int) -> str:
    """The path of an INR in the layout of ``mnist-inrs``, from the folder on."""
    long = "training" if part == "train" else "testing"
    return f"mnist_png_{long}_{label}_{image}/checkpoints/inr_{copy}.pth"


def _counted(checkpoints: list[Checkpoint]) -> list[Checkpoint]:
    """With numbers of the fits, where several files of one image have no other."""
    seen: dict[tuple[Part, int, int], int] = {}
    counted = []
    for c in checkpoints:
        key = (c.part, c.image, c.copy)
        count = seen[key] = seen.get(key, -1) + 1
        counted.append(Checkpoint(c.path, c.part, c.image, c.copy + count, c.label))
    return counted


def _read(checkpoint: Checkpoint, expected: dict[str, Tensor]) -> INRSet:
    path = checkpoint.path
    content: Any = load_plain(path)
    if not isinstance(content, dict):
        raise ValueError(f"{path}: expected a state dict, got {type(content).__name__}; {AGAIN}")
    label = content.pop("label", checkpoint.label)
    if checkpoint.label is not None:
        label = checkpoint.label
    if label is None:
        raise ValueError(f"{path}: holds no label, and its name has none; {AGAIN}")
    state = {name: p for name, p in content.items() if isinstance(p, Tensor)}
    params = validate(path, state, expected)
    return INRSet(
        {name: p[None] for name, p in params.items()},
        label=torch.tensor([_number(path, label)]),
        image=torch.tensor([checkpoint.image]),
        copy=torch.tensor([checkpoint.copy]),
    )


def _number(path: Path, label: Any) -> int:
    """A label that may be a number, text or a tensor."""
    try:
        return int(label)
    except (TypeError, ValueError, RuntimeError) as error:
        shown = " ".join(str(label).split())[:40]
        raise ValueError(f"{path}: expected a class as label, got {shown}; {AGAIN}") from error

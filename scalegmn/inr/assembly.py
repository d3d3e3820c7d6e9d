"""Files of fitted INRs besides the packed ones, and what is measured on them."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from scalegmn.formats import atomic_path
from scalegmn.formats.atomic import leftovers
from scalegmn.inr.checkpoints import checkpoint_name, write_checkpoint
from scalegmn.inr.grid import render
from scalegmn.inr.images import NumberedImages, part_of
from scalegmn.inr.inr_set import INRSet
from scalegmn.inr.packed import Split, read_packed
from scalegmn.inr.plan import Group
from scalegmn.inr.public_splits import split_json
from scalegmn.inr.quality import psnr
from scalegmn.targets import Siren

# INRs that are rendered at once.
BATCH = 256


def part_file(folder: Path, group: Group) -> Path:
    """The file of a group that is finished, while others are not."""
    return folder / "parts" / group.name


def remove_parts(folder: Path, groups: Iterable[Group]) -> None:
    """Delete the files of groups, and what a killed process left half-written."""
    for group in groups:
        file = part_file(folder, group)
        for path in [file, *leftovers(file)]:
            path.unlink(missing_ok=True)
    parts = folder / "parts"
    if parts.exists() and not any(parts.iterdir()):
        parts.rmdir()


def write_checkpoints(
    folder: Path,
    sets: Mapping[Split, INRSet],
    images: Mapping[Split, NumberedImages],
    fits_per_image: int,
) -> None:
    """Write the layout of ``mnist-inrs``: a file per INR and the splits.

    Args:
        folder: of the INRs.
        sets: of this shard; what is there already is not written again.
        images: of all shards.
        fits_per_image: of all shards.
    """
    for split, inrs in sets.items():
        index = zip(*(x.tolist() for x in (inrs.label, inrs.image, inrs.copy)), strict=True)
        for row, (label, image, copy) in enumerate(index):
            file = folder / checkpoint_name(part_of(split), label, image, copy)
            if not file.exists():
                write_checkpoint(file, {n: p[row] for n, p in inrs.parameters.items()})
    # Of all shards: each of them writes the same.
    listed = {
        split: [
            (checkpoint_name(part_of(split), label, number, copy), label)
            for label, number in zip(some.labels.tolist(), some.numbers.tolist(), strict=True)
            for copy in range(fits_per_image)
        ]
        for split, some in images.items()
    }
    with atomic_path(folder / "mnist_splits.json") as temporary:
        temporary.write_text(split_json(listed))


@torch.no_grad()
def quality(files: Mapping[Split, Path], siren: Siren) -> dict[Split, Tensor]:
    """The PSNR of every INR in packed files, in dB, by split."""
    found: dict[Split, Tensor] = {}
    for split, file in files.items():
        inrs = read_packed(file, siren)
        parts = [inrs[rows].batch() for rows in torch.arange(len(inrs)).split(BATCH)]
        found[split] = torch.cat(
            [
                psnr(render(siren, part.parameters, *part.images.shape[-2:]), part.images)
                for part in parts
                if part.images is not None
            ]
        )
    return found

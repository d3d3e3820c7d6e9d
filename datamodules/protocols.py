"""Check at the start that a data module has what a pipeline needs of it."""

from inspect import getattr_static
from typing import Literal

from lightning import LightningDataModule

from scalegmn.arguments import check_whole

Kind = Literal["images", "networks", "inrs"]

LOADERS = ("train_dataloader", "val_dataloader", "test_dataloader")
COUNTS = ("in_channels", "num_classes", "image_size")
MORE: dict[Kind, tuple[str, ...]] = {
    "images": (),
    # For results: the accuracy that is learnt, the split, and the number left out.
    "networks": ("label", "split", "dropped"),
    "inrs": ("siren",),
}


def check_data(data: object, kind: Kind = "images") -> None:
    """Check that a data module has the attributes that a pipeline reads.

    Data sets of images need ``name``, ``in_channels``, ``num_classes``, ``image_size`` and three
    loaders; of networks also ``label``, ``split`` and ``dropped``; of INRs the architecture,
    ``siren``. ``data_note`` is optional.
    Nothing is read: properties are looked at and not called.

    Args:
        data: what ``conf/data`` configures.
        kind: what its batches hold.

    Raises:
        ValueError: in one line, naming everything that it lacks.
    """
    kind_of_data = type(data).__name__
    if not isinstance(data, LightningDataModule):
        raise ValueError(f"data is a {kind_of_data}: expected a lightning.LightningDataModule")
    needed = ("name", *COUNTS, *MORE[kind])
    missing = [name for name in needed if getattr_static(data, name, None) is None]
    missing += [f"{name}()" for name in LOADERS if not _overrides(data, name)]
    if missing:
        raise ValueError(
            f"{kind_of_data} lacks {', '.join(missing)}: a data set of {kind} has "
            f"{', '.join(needed)} and {', '.join(LOADERS)} (docs/extend/data.md shows one)"
        )
    for name in COUNTS:
        if isinstance(value := getattr_static(data, name), int | float | str):
            check_whole(f"data.{name}", value)


def _overrides(data: LightningDataModule, name: str) -> bool:
    return getattr(type(data), name) is not getattr(LightningDataModule, name)

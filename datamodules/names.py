"""Names of data sets, made of folders and settings."""

from pathlib import Path


def name_from(*parts: str | Path | None) -> str:
    """The last components of paths, joined by underscores, without those that are ``None``.

    >>> name_from("zoos/cifar10", "zoo", None)
    'cifar10_zoo'
    """
    return "_".join(Path(part).name for part in parts if part is not None)

"""See as many batches as a trainer is limited to."""

from collections.abc import Iterable
from itertools import islice
from typing import Any


def limited(loader: Any, limit: float | int | None) -> Iterable[Any]:
    """The first batches of a loader.

    Args:
        loader: of batches, with a length.
        limit: a number of batches, or a fraction of all; ``None`` for all.
    """
    if limit is None or isinstance(limit, float):
        limit = round(len(loader) * (1.0 if limit is None else limit))
    return islice(loader, limit)

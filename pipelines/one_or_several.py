"""Values that a command line gives as one number or as a list."""

from collections.abc import Sequence


def one_or_several(values: float | Sequence[float]) -> list[float]:
    """The values as a list."""
    return [values] if isinstance(values, int | float) else list(values)

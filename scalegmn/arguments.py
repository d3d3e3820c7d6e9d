"""Check numbers that users give, naming the config key of one that will not do."""

from collections.abc import Sequence
from math import inf, isfinite
from typing import Any

Number = int | float


def check_whole(key: str, value: Any, *, least: int = 1) -> None:
    """Check that a value is a whole number and not too small.

    Args:
        key: config key, such as ``data.batch_size``.
        value: what was given.
        least: the smallest number allowed.

    Raises:
        ValueError: if it is not.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{key} must be a whole number, at least {least}, got {value!r}")


def check_number(
    key: str,
    value: Any,
    *,
    least: Number = -inf,
    above: Number = -inf,
    most: Number = inf,
    below: Number = inf,
) -> None:
    """Check that a value is a finite number inside bounds.

    Args:
        key: config key, such as ``zoo.learning_rate``.
        value: what was given.
        least: the smallest number allowed.
        above: a number that the value must exceed.
        most: the largest number allowed.
        below: a number that the value must not reach.

    Raises:
        ValueError: if it is not.
    """
    if _is_finite(value) and least <= value <= most and above < value < below:
        return
    bounds = [
        f"at least {least:g}" if isfinite(least) else None,
        f"above {above:g}" if isfinite(above) else None,
        f"at most {most:g}" if isfinite(most) else None,
        f"below {below:g}" if isfinite(below) else None,
    ]
    wanted = " and ".join(bound for bound in bounds if bound)
    raise ValueError(f"{key} must be a number {wanted}".rstrip() + f", got {value!r}")


def check_interval(
    key: str, ends: Any, *, least: Number = -inf, above: Number = -inf, below: Number = inf
) -> None:
    """Check a pair ``[lower, upper]`` of numbers inside bounds.

    Args:
        key: config key, such as ``zoo.sparsity``.
        ends: what was given.
        least: see :func:`check_number`.
        above: see :func:`check_number`.
        below: see :func:`check_number`.

    Raises:
        ValueError: if it is no such pair, or its lower end is above its upper end.
    """
    is_pair = isinstance(ends, Sequence) and not isinstance(ends, str) and len(ends) == 2
    if not is_pair or not all(map(_is_finite, ends)):
        raise ValueError(f"{key}: expected [lower, upper], two numbers, got {_plain(ends)}")
    for end in ends:
        check_number(key, end, least=least, above=above, below=below)
    if ends[0] > ends[1]:
        raise ValueError(f"{key}: the lower end is above the upper one in {_plain(ends)}")


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value

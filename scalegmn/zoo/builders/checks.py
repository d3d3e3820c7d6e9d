"""Validate builder arguments."""

from collections.abc import Sequence

from scalegmn.arguments import check_whole


def check_counts(**counts: int | None) -> None:
    """Check that numbers below ``zoo`` in the config, where given, are whole and above 0.

    Raises:
        ValueError: naming the first key whose value is not.
    """
    for name, count in counts.items():
        if count is not None:
            check_whole(f"zoo.{name}", count)


def with_last(checkpoints: Sequence[int], epochs: int) -> list[int]:
    """The checkpoints in order, and the last epoch.

    Raises:
        ValueError: if one is not a whole number, negative, or after the last epoch.
    """
    for epoch in checkpoints:
        check_whole("zoo.checkpoints", epoch, least=0)
        if epoch > epochs:
            raise ValueError(f"zoo.checkpoints: {epoch} is not an epoch from 0 to {epochs}")
    return sorted({*checkpoints, epochs})

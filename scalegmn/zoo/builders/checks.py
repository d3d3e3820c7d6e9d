"""What every builder asks of its numbers."""

from collections.abc import Sequence


def check_counts(**counts: int | None) -> None:
    """Whether there is at least one of each, where a number is given.

    Raises:
        ValueError: if not.
    """
    for name, count in counts.items():
        if count is not None and count < 1:
            raise ValueError(f"zoo.{name} must be at least 1, got {count}")


def with_last(checkpoints: Sequence[int], epochs: int) -> list[int]:
    """The checkpoints in order, and the last epoch.

    Raises:
        ValueError: if one is negative or after the last epoch.
    """
    for epoch in checkpoints:
        if not 0 <= epoch <= epochs:
            raise ValueError(f"zoo.checkpoints: {epoch} is not an epoch from 0 to {epochs}")
    return sorted({*checkpoints, epochs})

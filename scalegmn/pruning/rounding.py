"""Round shares to whole numbers with an exact sum."""

from collections.abc import Sequence
from fractions import Fraction
from math import floor


def rounded(shares: Sequence[Fraction], total: int) -> list[int]:
    """Round shares down, and give what is missing to those that lost most; of ties, to the first.

    Args:
        shares: exact fractions, as rounded ones could add up to more than the whole.
        total: what the rounded shares add up to: the sum of the shares, rounded down.
    """
    down = [floor(share) for share in shares]
    by_loss = sorted(range(len(down)), key=lambda i: down[i] - shares[i])
    for i in by_loss[: total - sum(down)]:
        down[i] += 1
    return down

from fractions import Fraction

import pytest

from scalegmn.pruning.rounding import rounded


@pytest.mark.parametrize(
    ("shares", "total", "expected"),
    [
        ([], 0, []),
        (["1", "2"], 3, [1, 2]),
        (["9/10", "21/10", "3/2"], 4, [1, 2, 1]),
        (["1/2", "1/2", "1/2", "1/2"], 2, [1, 1, 0, 0]),
        (["1/3", "2/3"], 1, [0, 1]),
    ],
)
def test_the_sum_is_exact_and_the_largest_remainders_are_rounded_up(shares, total, expected):
    assert rounded([Fraction(share) for share in shares], total) == expected

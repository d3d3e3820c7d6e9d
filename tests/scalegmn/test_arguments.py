from math import inf, nan

import pytest

from scalegmn.arguments import check_interval, check_number, check_whole


def test_what_fits_passes():
    check_whole("data.batch_size", 1)
    check_whole("seed", 0, least=0)
    check_number("lr", 1e-3, above=0, most=1)
    check_number("lr", 1, above=0, most=1)
    check_interval("sparsity", (0.0, 0.5), least=0, below=1)
    check_interval("sparsity", [0.3, 0.3], least=0, below=1)


@pytest.mark.parametrize("value", [0, -3, 1.0, 2.5, True, "4", None, nan])
def test_what_is_no_count_is_refused_by_its_key(value):
    with pytest.raises(ValueError, match="data.batch_size must be a whole number, at least 1, got"):
        check_whole("data.batch_size", value)


@pytest.mark.parametrize("value", [0, 1.5, -1, nan, inf, True, "0.5", None])
def test_numbers_outside_bounds_are_refused_by_their_key(value):
    with pytest.raises(ValueError, match="lr must be a number above 0 and at most 1, got"):
        check_number("lr", value, above=0, most=1)


def test_a_number_without_bounds_is_finite():
    with pytest.raises(ValueError, match="lr must be a number, got nan"):
        check_number("lr", nan)


@pytest.mark.parametrize(
    ("ends", "message"),
    [
        ([], r"sparsity: expected \[lower, upper\], two numbers, got \[\]"),
        ((0.1,), r"sparsity: expected \[lower, upper\], two numbers, got \[0.1\]"),
        (0.5, r"sparsity: expected \[lower, upper\], two numbers, got 0.5"),
        ("01", r"sparsity: expected \[lower, upper\]"),
        ([0.1, nan], r"sparsity: expected \[lower, upper\]"),
        ([0.5, 0.1], r"sparsity: the lower end is above the upper one in \[0.5, 0.1\]"),
        ([-0.1, 0.1], "sparsity must be a number at least 0 and below 1, got -0.1"),
    ],
)
def test_what_is_no_interval_is_refused(ends, message):
    with pytest.raises(ValueError, match=message):
        check_interval("sparsity", ends, least=0, below=1)

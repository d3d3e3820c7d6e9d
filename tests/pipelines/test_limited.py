import pytest

from pipelines.limited import limited


@pytest.mark.parametrize(("limit", "seen"), [(None, 10), (1.0, 10), (0.5, 5), (3, 3), (1, 1)])
def test_a_whole_number_counts_and_a_fraction_is_of_all(limit, seen):
    assert len(list(limited(range(10), limit))) == seen

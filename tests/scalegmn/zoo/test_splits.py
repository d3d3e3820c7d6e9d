import random

import pytest

from scalegmn.zoo.splits import published_split, seeded_split


def test_the_published_split_is_half_shuffled_and_half_kept():
    order = list(range(100, 1100))
    parts = published_split(order)
    first = order[:500]
    random.Random(0).shuffle(first)
    assert parts == {"train": first[:400], "val": first[400:], "test": order[500:]}


def test_thirty_thousand_networks_make_12000_3000_15000():
    sizes = {name: len(part) for name, part in published_split(range(30_000)).items()}
    assert sizes == {"train": 12_000, "val": 3_000, "test": 15_000}


def test_a_seeded_split_is_80_10_10_and_has_everything_once():
    parts = seeded_split([range(100)], seed=42)
    assert [len(part) for part in parts.values()] == [80, 10, 10]
    assert sorted(x for part in parts.values() for x in part) == list(range(100))
    assert parts == seeded_split([range(100)], seed=42) != seeded_split([range(100)], seed=43)


@pytest.mark.parametrize(
    ("size", "sizes"),
    [(100, [80, 10, 10]), (31, [24, 3, 4]), (15, [9, 3, 3]), (10, [6, 2, 2]), (5, [3, 1, 1])],
)
def test_every_kind_is_in_every_split(size, sizes):
    parts = seeded_split([range(1000, 1020), range(size)], seed=42)
    assert [sum(x < 1000 for x in part) for part in parts.values()] == sizes
    assert sum(map(len, parts.values())) == len(set().union(*parts.values())) == size + 20


def test_too_few_runs_are_refused():
    with pytest.raises(ValueError, match="9 runs are too few"):
        seeded_split([range(8), range(1)], seed=42)
    assert all(seeded_split([range(9), range(1)], seed=42).values())

"""Paired differences of two rows over the same dense networks and seeds."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from reporting.mean_sd import ENOUGH, MeanSd
from reporting.networks import Row, Section

TOO_SMALL = "n too small"
GAUGE, BALANCED = "selection.gauge", "balanced"


@dataclass(frozen=True)
class Difference:
    """Test accuracy of one row minus that of another at the same sparsity.

    Args:
        first: the row.
        second: the one that is subtracted.
        accuracy: over the units that both have.
    """

    first: Row
    second: Row
    accuracy: MeanSd

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % confidence interval; ``None`` below three units."""
        return self.accuracy.interval()


def differences(section: Section) -> Iterator[Difference]:
    """Of all pairs of pruned rows that share a unit, the higher row of the table first."""
    rows = [row for row in section.rows if not row.is_dense]
    for first, second in combinations(rows, 2):
        units = first.by_unit.keys() & second.by_unit.keys()
        if (first.sparsity, first.shipped) == (second.sparsity, second.shipped) and units:
            pairs = [first.by_unit[u] - second.by_unit[u] for u in sorted(units)]
            accuracy = MeanSd.of(pairs)
            assert accuracy is not None
            yield Difference(first, second, accuracy)


def fair_rows(section: Section) -> list[Row]:
    """The pruned rows that text compares: of a method in both gauges, those in the balanced one."""
    rows = [row for row in section.rows if not row.is_dense]
    balanced = {row.method for row in rows if row.settings.get(GAUGE) == BALANCED}
    return [r for r in rows if r.method not in balanced or r.settings.get(GAUGE) == BALANCED]


def fair_differences(section: Section) -> list[Difference]:
    """Differences of the rows of the first method from each other and from all others."""
    rows = fair_rows(section)
    kept = {id(row) for row in rows}
    return [
        pair
        for pair in differences(section)
        if pair.first.method == rows[0].method and {id(pair.first), id(pair.second)} <= kept
    ]


def has_enough_pairs(difference: Difference) -> bool:
    """True if there are enough units for an interval."""
    return difference.accuracy.n >= ENOUGH

"""Paired differences of two rows over the same dense networks and seeds."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from reporting.fairness import budget, fair_rows, usual_names
from reporting.mean_sd import ENOUGH, MeanSd
from reporting.networks import Row, Section

TOO_SMALL = "n too small"


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


def fair_differences(section: Section) -> list[Difference]:
    """Differences of the usual rows of the first method from all other rows.

    Of methods in both gauges only the balanced rows; rows of other methods only where they have the
    same budget of fine-tuning.
    """
    rows = fair_rows(section)
    kept = {id(row): budget(row) for row in rows}
    references = {r.name for r in rows if r.method == rows[0].method} & usual_names(rows)
    found = []
    for pair in differences(section):
        if not {id(pair.first), id(pair.second)} <= kept.keys():
            continue
        if pair.second.name in references and pair.first.name not in references:
            pair = Difference(pair.second, pair.first, pair.accuracy.negated())
        same_method = pair.first.method == pair.second.method
        equal = kept[id(pair.first)] == kept[id(pair.second)]
        if pair.first.name in references and (same_method or equal):
            found.append(pair)
    return found


def has_enough_pairs(difference: Difference) -> bool:
    """True if there are enough units for an interval."""
    return difference.accuracy.n >= ENOUGH

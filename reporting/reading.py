"""What a table of pruned networks says, in sentences that claim no more than its intervals."""

from collections.abc import Iterable, Sequence

from reporting.differences import Difference, fair_differences
from reporting.fairness import (
    BALANCED,
    GAUGE,
    budget,
    fair_rows,
    short_name,
    usual_names,
)
from reporting.mean_sd import ENOUGH, MeanSd
from reporting.networks import Row, Section
from reporting.published import published


def reading(section: Section) -> list[str]:
    """Sentences on what is lost, on the best rows and on differences."""
    rows = fair_rows(section)
    if not rows:
        return []
    found = []
    if any(row.settings.get(GAUGE) == BALANCED for row in rows):
        found.append(
            "Methods that have both gauges are compared in the balanced one, which names leave out."
        )
    found += _best(rows)
    found += _losses(section, rows)
    largest = max(row.test_acc.n for row in rows)
    if largest < ENOUGH:
        found.append(
            f"n is at most {largest}, which gives no interval: a difference here may be chance."
        )
    return found + list(_differences(fair_differences(section)))


def _best(rows: Sequence[Row]) -> Iterable[str]:
    """The highest mean at each sparsity, for each budget that several rows have."""
    for competitors in dict.fromkeys(map(budget, rows)):
        parts = []
        for sparsity in sorted({row.sparsity for row in rows}):
            group = [r for r in rows if r.sparsity == sparsity and budget(r) == competitors]
            if len(group) > 1:
                best = max(group, key=lambda row: row.test_acc.mean)
                lost = f", which loses {_points(best.lost)} points" if best.lost else ""
                parts.append(f"{short_name(best)} at {100 * sparsity:.4g} %{lost}")
        if parts:
            yield f"Highest means of test accuracy: {'; '.join(parts)}."


def _losses(section: Section, rows: Sequence[Row]) -> Iterable[str]:
    """Points lost by the methods that were published, beside the published ones."""
    theirs = published(section)
    groups: dict[tuple[str, str, bool], list[Row]] = {}
    usual = usual_names(rows)
    for row in rows:
        if row.name in usual:
            groups.setdefault((row.method, short_name(row), row.shipped), []).append(row)
    for (method, name, _), of_line in sorted(groups.items()):
        if theirs is None or method not in theirs.accuracies:
            continue
        parts = []
        for row in of_line:
            lost = theirs.lost(method, row.sparsity)
            if row.lost and lost is not None:
                at = f"{100 * row.sparsity:.4g} %"
                parts.append(f"{_points(row.lost)} at {at} (published {100 * lost:.2f})")
        if parts:
            yield f"Points that {name} loses against its dense network: {', '.join(parts)}."


def _differences(pairs: Sequence[Difference]) -> Iterable[str]:
    """Rows that a row is ahead of, behind, or not told apart from, by sparsity."""
    firsts: dict[tuple[float, str], list[Difference]] = {}
    for pair in pairs:
        if pair.interval:
            firsts.setdefault((pair.first.sparsity, short_name(pair.first)), []).append(pair)
    sentences: dict[str, list[str]] = {}
    for (sparsity, name), found in firsts.items():
        ahead = [short_name(p.second) for p in found if p.interval and p.interval[0] > 0]
        behind = [short_name(p.second) for p in found if p.interval and p.interval[1] < 0]
        others = [short_name(pair.second) for pair in found]
        same = [other for other in others if other not in {*ahead, *behind}]
        parts = [
            f"{what} {', '.join(names)}"
            for what, names in (("ahead of", ahead), ("behind", behind), ("not apart from", same))
            if names
        ]
        text = f"{name} is {'; '.join(parts)}"
        sentences.setdefault(text, []).append(f"{100 * sparsity:.4g}")
    for text, sparsities in sentences.items():
        yield f"By 95 % intervals, at {', '.join(sparsities)} %, {text}."


def _points(lost: MeanSd | None) -> str:
    if lost is None:
        return "?"
    interval = lost.interval()
    if interval is None:
        return f"{100 * lost.mean:.2f}"
    return f"{100 * lost.mean:.2f} ({100 * interval[0]:.2f} to {100 * interval[1]:.2f})"

import csv

import pytest

from reporting import Run
from reporting.differences import differences
from reporting.networks import tabulate
from reporting.networks_csv import differences_to_csv
from reporting.networks_text import to_markdown

EQ, MAGNITUDE = (0.50, 0.52, 0.57), (0.40, 0.44, 0.43)


def table(run, n):
    accuracies = [("scalegmn_eq", EQ), ("magnitude", MAGNITUDE)]
    return tabulate(
        Run(run(1, method=method, test_acc=accs[i], dense_hash=str(i)))
        for i in range(n)
        for method, accs in accuracies
    )


def test_rows_are_compared_over_the_units_that_both_have(run):
    (section,) = table(run, 3)
    (pair,) = differences(section)
    assert (pair.first.method, pair.second.method) == ("scalegmn_eq", "magnitude")
    assert (pair.accuracy.mean, pair.accuracy.n) == (pytest.approx(0.32 / 3), 3)
    # By hand: sd of (0.10, 0.08, 0.14) is 0.030551, t of 2 degrees of freedom 4.302653.
    half = 4.302653 * 0.0305505 / 3**0.5
    assert pair.interval == pytest.approx((0.32 / 3 - half, 0.32 / 3 + half), abs=1e-6)
    text = to_markdown([section])
    assert "### Paired differences" in text
    assert "| difference | n | 90 % |" in text
    assert "| scalegmn_eq − magnitude | 3 | **+10.67 (+3.08 to +18.26)** |" in text


def test_other_dense_networks_are_no_pairs(run):
    eq = Run(run(method="scalegmn_eq", dense_hash="1"))
    (section,) = tabulate([eq, Run(run(dense_hash="2"))])
    assert list(differences(section)) == []


def test_too_few_pairs_are_named_as_such(run):
    (section,) = table(run, 2)
    (pair,) = differences(section)
    assert pair.interval is None
    text = to_markdown([section])
    assert "### Paired differences\n\n* n too small: at most 2 pairs" in text
    (line,) = csv.DictReader(differences_to_csv([section]).splitlines())
    assert (line["n"], line["low_95"], line["note"]) == ("2", "", "n too small")


def test_the_csv_has_all_pairs_and_is_empty_without_any(run):
    assert differences_to_csv(tabulate([Run(run())])) == ""
    others = [Run(run(1, method=m, dense_hash="0")) for m in ("random", "snip")]
    (section,) = table(run, 1)
    methods = {line["first"] for line in csv.DictReader(differences_to_csv([section]).splitlines())}
    assert methods == {"scalegmn_eq"}
    both = tabulate([*others, Run(run(1, dense_hash="0"))])
    assert len(list(csv.DictReader(differences_to_csv(both).splitlines()))) == 3

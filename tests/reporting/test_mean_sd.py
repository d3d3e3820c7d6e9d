import pytest
from scipy import stats

from reporting.mean_sd import MeanSd, columns


def test_values_that_are_not_there_do_not_count():
    value = MeanSd.of([0.40, None, 0.44, 0.42])
    assert (value.mean, value.sd, value.n) == (pytest.approx(0.42), pytest.approx(0.02), 3)
    assert MeanSd.of([None]) is None


def test_one_value_has_no_deviation():
    assert MeanSd.of([0.4]).sd is None
    assert MeanSd.of([0.4]).show() == "40.00"


def test_the_interval_is_that_of_students_t():
    values = [0.1, 0.4, 0.3, 0.35]
    low, high = MeanSd.of(values).interval()
    expected = stats.t.interval(0.95, 3, loc=stats.tmean(values), scale=stats.sem(values))
    assert (low, high) == pytest.approx(expected)


@pytest.mark.parametrize("values", [[0.1], [0.1, 0.2]])
def test_fewer_than_three_values_have_no_interval(values):
    assert MeanSd.of(values).interval() is None


def test_it_is_shown_in_percent_or_with_its_sign():
    assert MeanSd.of([0.40, 0.42]).show() == "41.00 ± 1.41"
    assert MeanSd.of([0.5, 0.5]).show("+.4f", 1.0) == "+0.5000 ± 0.0000"


def test_its_columns_are_empty_where_there_is_none():
    assert columns("tau", MeanSd(0.5, None, 1)) == {"tau": 0.5, "tau_sd": None}
    assert columns("tau", None) == {"tau": None, "tau_sd": None}

import itertools

import numpy as np
import pytest

from scalegmn import latency
from scalegmn.latency import Latency, Quartiles


@pytest.fixture
def clock(monkeypatch):
    """A clock that only the functions under test move."""
    now = [0.0]
    monkeypatch.setattr(latency.time, "perf_counter", lambda: now[0])

    def function(seconds):
        def call():
            now[0] += seconds
            calls.append(seconds)

        return call

    calls = []
    function.calls = calls
    return function


def test_functions_take_turns_and_the_first_one_changes(clock):
    measure = Latency(rounds=4, warm_up=2.0, block=2.0)
    found = measure.seconds({"a": clock(1.0), "b": clock(2.0)})
    np.testing.assert_allclose(found["a"], [1.0] * 4)
    np.testing.assert_allclose(found["b"], [2.0] * 4)
    turns = [seconds for seconds, _ in itertools.groupby(clock.calls)]
    # Warm-up of both, then a b, b a, a b, b a, where neighbours are joined.
    assert turns == [1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0]
    # The call that makes a function ready, two seconds of warm-up, and blocks of two seconds.
    assert clock.calls.count(1.0) == 1 + 2 + 4 * 2 and clock.calls.count(2.0) == 1 + 1 + 4


def test_quartiles():
    assert Quartiles.of([1.0, 2.0, 3.0, 4.0, 5.0]) == Quartiles(lower=2.0, median=3.0, upper=4.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_sizes": (1, 0)}, "measure.batch_sizes must be a whole number, at least 1, got 0"),
        ({"rounds": 0}, "measure.rounds"),
        ({"warm_up": 0.0}, "measure.warm_up must be a number above 0"),
        ({"block": -1.0}, "measure.block"),
    ],
)
def test_numbers_that_will_not_do_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        Latency(**arguments)

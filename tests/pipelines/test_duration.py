import pytest

from pipelines.duration import duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (3599.6, "1 h 0 min"),
        (3725.2, "1 h 2 min"),
        (90000, "25 h 0 min"),
    ],
)
def test_durations_have_two_units(seconds, text):
    assert duration(seconds) == text

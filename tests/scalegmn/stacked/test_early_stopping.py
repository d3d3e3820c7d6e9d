from math import inf, nan

import pytest

from scalegmn.stacked import EarlyStopping


@pytest.mark.parametrize(
    ("losses", "best"),
    [
        ([3, 2, 1, 1, 1], [0, 1, 2]),
        ([3, 4, 2, 5, 6], [0, 2]),
        ([3, 4, 5], [0]),
        ([1, nan], [0]),
        ([inf], []),
    ],
)
def test_it_stops_after_epochs_without_a_lower_loss(losses, best):
    stopping = EarlyStopping(patience=2)
    found = []
    for epoch, loss in enumerate(losses):
        assert not stopping.stopped
        if stopping.update(float(loss)):
            found.append(epoch)
    assert stopping.stopped and found == best

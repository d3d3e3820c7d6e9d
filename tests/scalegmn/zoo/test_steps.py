import numpy as np
import pytest

from scalegmn.zoo.steps import at_steps
from tests.zoos import metrics_of


def table(*args, **options):
    return metrics_of(*args, **options).astype({"modeldir": "category"})


def test_last_is_86_in_the_official_zoo_also_where_a_run_crashed():
    metrics = table(3).drop(index=[8])
    assert metrics["step"][at_steps(metrics, "last")].tolist() == [86, 86]


def test_last_is_the_last_epoch_of_each_run_elsewhere():
    metrics = table(3, steps=(0, 5, 10)).drop(index=[5])
    assert np.flatnonzero(at_steps(metrics, "last")).tolist() == [2, 4, 7]


@pytest.mark.parametrize(
    ("steps", "epochs"), [(5, {5}), ([0, 10], {0, 10}), ("all", {0, 5, 10}), ("last", {10})]
)
def test_epochs_can_be_chosen(steps, epochs):
    metrics = table(3, steps=(0, 5, 10))
    chosen = at_steps(metrics, steps)
    assert set(metrics["step"][chosen]) == epochs and chosen.sum() == 3 * len(epochs)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (7, "data.step=7: no such epoch .* has 0, 5"),
        ("first", "data.step='first': expected last"),
        ([], r"data.step=\[\]: expected last, all, an epoch or several"),
        (-1, "data.step must be a whole number, at least 0, got -1"),
    ],
)
def test_other_epochs_are_refused(steps, message):
    with pytest.raises(ValueError, match=message):
        at_steps(table(3, steps=(0, 5)), steps)

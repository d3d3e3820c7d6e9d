"""How much of a round is kept where promises did not hold."""

import pytest

from pipelines.guards.rollback import Kept

STEPS = [7, 14, 21]
PASSED = {"0.6": 5, "0.7": 14}


@pytest.mark.parametrize(
    ("held", "networks", "candidates"),
    [
        # After the epochs, then of the candidates.
        ([True, True, True, True, True], 3, ["0.6", "0.7"]),
        ([False, False, True, True, True], 3, ["0.6", "0.7"]),
        ([True, True, False, True, True], 2, ["0.6", "0.7"]),
        ([True, False, False, True, True], 1, ["0.6"]),
        ([False, False, False, True, True], 0, []),
        # A candidate that broke its promise, whatever came later.
        ([True, True, True, True, False], 1, ["0.6"]),
        ([True, True, True, False, True], 0, []),
        ([False, True, True, True, False], 0, []),
    ],
)
def test_a_round_is_kept_until_the_last_promise_that_held(held, networks, candidates):
    kept = Kept.of(STEPS, PASSED, held)
    assert (kept.networks, kept.candidates) == (networks, candidates)
    assert kept.all is (networks == 3)


def test_a_round_without_an_epoch_is_its_beginning():
    assert Kept.of([0], {"0.6": 0}, [True, True]) == Kept(1, ["0.6"], all=True)
    assert Kept.of([0], {"0.6": 0}, [True, False]) == Kept(0, [], all=False)

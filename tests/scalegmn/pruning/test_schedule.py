import pytest

from scalegmn.pruning import cubic_sparsity, equal_rates


def test_the_cubic_schedule_is_zhu_and_gupta_s():
    # s_t = s_f + (s_i - s_f) (1 - (t - t_0) / (n dt))^3 with n dt = 400.
    for t in range(100, 501):
        expected = 0.9 + (0.1 - 0.9) * (1 - (t - 100) / 400) ** 3
        found = cubic_sparsity(t, final=0.9, initial=0.1, start=100, end=500)
        assert found == pytest.approx(expected, rel=1e-12)


def test_it_begins_and_ends_exactly():
    ends = {"final": 0.7, "initial": 0.2, "start": 10, "end": 20}
    assert cubic_sparsity(0, **ends) == cubic_sparsity(10, **ends) == pytest.approx(0.2)
    assert cubic_sparsity(20, **ends) == cubic_sparsity(1000, **ends) == 0.7
    values = [cubic_sparsity(t, **ends) for t in range(25)]
    assert values == sorted(values)
    # Half of the way is seven eighths of the sparsity.
    assert cubic_sparsity(5, final=0.8, end=10) == pytest.approx(0.7)


def test_a_schedule_without_a_step_is_refused():
    with pytest.raises(ValueError, match="cannot grow from step 5 to step 5"):
        cubic_sparsity(5, final=0.5, start=5, end=5)


@pytest.mark.parametrize(
    ("sparsity", "expected"),
    [
        (0.6, [0.167, 0.307, 0.423, 0.520, 0.6]),
        (0.9, [0.369, 0.602, 0.749, 0.842, 0.9]),
        (0.99, [0.602, 0.842, 0.937, 0.975, 0.99]),
    ],
)
def test_rounds_prune_equal_rates_as_published(sparsity, expected):
    found = equal_rates(sparsity, 5)
    assert found == pytest.approx(expected, abs=6e-4)
    assert found[-1] == sparsity
    left = [1 - s for s in [0, *found]]
    rates = [after / before for before, after in zip(left, left[1:], strict=False)]
    assert rates == pytest.approx([rates[0]] * 5)
    assert equal_rates(sparsity, 1) == [sparsity]

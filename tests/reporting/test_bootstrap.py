import time

import numpy as np
import pytest
from scipy.stats import kendalltau

from reporting import bootstrap
from reporting.bootstrap import interval, kendall_tau, r2, resampled_counts


def networks(n, *, noise=0.2, digits=2):
    draw = np.random.default_rng(1)
    label = draw.random(n)
    return np.round(label + noise * draw.standard_normal(n), digits), np.round(label, digits)


def test_scores_of_resamples_are_those_of_the_repeated_networks():
    predicted, label = networks(60)
    counts = resampled_counts(np.arange(60) // 3, resamples=20)
    for found, found_r2, times in zip(
        kendall_tau(predicted, label, counts), r2(predicted, label, counts), counts, strict=True
    ):
        p, y = (np.repeat(values, times.astype(int)) for values in (predicted, label))
        assert found == pytest.approx(kendalltau(p, y).statistic, abs=1e-12)
        expected = 1 - ((p - y) ** 2).sum() / ((y - y.mean()) ** 2).sum()
        assert found_r2 == pytest.approx(expected, abs=1e-12)


def test_one_count_each_gives_the_score_itself_in_blocks_too(monkeypatch):
    predicted, label = networks(90)
    monkeypatch.setattr(bootstrap, "BLOCK", 40)
    (tau,) = kendall_tau(predicted, label, np.ones((1, 90), np.float32))
    assert tau == pytest.approx(kendalltau(predicted, label).statistic, abs=1e-12)


def test_networks_of_one_family_are_drawn_together():
    counts = resampled_counts(np.array([7, 7, 3, 3, 3, 9]), resamples=50)
    assert (counts[:, 0] == counts[:, 1]).all() and (counts[:, 2] == counts[:, 4]).all()
    assert (counts[:, [0, 2, 5]].sum(1) == 3).all() and len(np.unique(counts, axis=0)) > 5
    assert (counts == resampled_counts(np.array([0, 0, 1, 1, 1, 2]), resamples=50))[:, 5].any()


def test_large_splits_are_linearised_to_nearly_the_same_interval(monkeypatch):
    predicted, label = networks(1000, digits=6)
    counts = resampled_counts(np.arange(1000))
    exact = interval(kendall_tau(predicted, label, counts))
    monkeypatch.setattr(bootstrap, "EXACT", 0)
    linear = interval(kendall_tau(predicted, label, counts))
    assert linear == pytest.approx(exact, abs=0.05 * (exact[1] - exact[0]))


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    # Of a bivariate normal, τ = 2/π arcsin ρ.
    draw, rho = np.random.default_rng(0), 0.8
    truth, hits = 2 / np.pi * np.arcsin(rho), 0
    counts = resampled_counts(np.arange(150), resamples=200)
    for _ in range(100):
        x, noise = draw.standard_normal((2, 150))
        low, high = interval(kendall_tau(x, rho * x + (1 - rho**2) ** 0.5 * noise, counts))
        hits += low < truth < high
    assert 86 <= hits <= 100


def test_resamples_of_equal_labels_have_no_score():
    counts = np.ones((1, 5), np.float32)
    assert np.isnan(kendall_tau(np.arange(5.0), np.ones(5), counts)).all()
    assert interval(np.array([0.1, np.nan])) is None


def test_three_thousand_networks_take_less_than_two_seconds():
    predicted, label = networks(3000)
    start = time.process_time()
    counts = resampled_counts(np.arange(3000))
    kendall_tau(predicted, label, counts)
    r2(predicted, label, counts)
    assert time.process_time() - start < 2

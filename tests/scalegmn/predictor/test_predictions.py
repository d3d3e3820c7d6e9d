from itertools import combinations
from math import isnan, sqrt

import pytest
import torch

from scalegmn.predictor import Predictions


def predictions(predicted, label):
    return Predictions(torch.tensor(predicted), torch.tensor(label), torch.zeros(len(label)))


def tau_b(x, y):
    pairs = [(x[i] - x[j], y[i] - y[j]) for i, j in combinations(range(len(x)), 2)]
    agreement = sum((a * b > 0) - (a * b < 0) for a, b in pairs)
    untied = [sum(pair[k] != 0 for pair in pairs) for k in (0, 1)]
    return agreement / sqrt(untied[0] * untied[1])


def test_scores_are_what_their_definitions_say():
    label = (torch.rand(40) * 10).round() / 10  # with ties
    predicted = ((label + 0.2 * torch.randn(40)) * 20).round() / 20
    scores = Predictions(predicted, label, torch.zeros(40)).scores()
    x, y = predicted.double(), label.double()
    assert scores["kendall_tau"] == pytest.approx(tau_b(x.tolist(), y.tolist()), abs=1e-12)
    error = (x - y).square().sum() / (y - y.mean()).square().sum()
    assert scores["r2"] == pytest.approx(1 - error.item(), abs=1e-12)
    assert scores["mae"] == pytest.approx((x - y).abs().mean().item(), abs=1e-12)
    assert 0.3 < scores["kendall_tau"] < 0.95


@pytest.mark.parametrize("size", [1e-2, 1e-4, 1e-8, 1e-12])
def test_r2_of_labels_that_hardly_differ_is_by_its_formula(size):
    label = torch.tensor([0.0, 3.0, -2.0, 5.0, 1.0], dtype=torch.float64)
    predicted = torch.tensor([1.0, 2.0, -2.5, 4.0, 1.5], dtype=torch.float64)
    error = (1 + 1 + 0.25 + 1 + 0.25) / (label - label.mean()).square().sum()
    scores = Predictions(size * predicted, size * label, 0 * label).scores()
    assert scores["r2"] == pytest.approx(1 - error.item(), rel=1e-9)


@pytest.mark.parametrize("value", [0.1, 0.0, 1 / 3])
def test_r2_of_equal_labels_is_undefined(value):
    scores = predictions([0.2, 0.1, 0.3, value], [value] * 4).scores()
    assert isnan(scores["r2"])
    assert scores["mae"] > 0


def test_a_label_of_nan_is_not_hidden():
    assert all(map(isnan, predictions([0.1, 0.2, 0.3], [0.1, float("nan"), 0.3]).scores().values()))


def test_what_has_no_order_has_no_correlation():
    assert isnan(predictions([0.5, 0.5, 0.5], [0.1, 0.2, 0.3]).scores()["kendall_tau"])
    assert all(map(isnan, predictions([0.5], [0.1]).scores().values()))


def test_a_prediction_of_nan_is_not_hidden():
    assert all(map(isnan, predictions([0.1, float("nan"), 0.3], [0.1, 0.2, 0.3]).scores().values()))

import pytest
import torch
from torch.testing import assert_close

from scalegmn.zoo.builders import Ranges
from scalegmn.zoo.builders.initial import KINDS, initial_row
from scalegmn.zoo.builders.stacked_cnn import small_cnn_layout


def test_networks_differ_and_stay_inside_the_ranges():
    ranges = Ranges()
    drawn = [ranges.draw(0, i) for i in range(300)]
    for name in ("activation", "optimizer", "w_init", "train_fraction"):
        assert {getattr(h, name) for h in drawn} == set(getattr(ranges, name))
    for name in ("learning_rate", "l2reg", "init_std", "dropout"):
        values = torch.tensor([getattr(h, name) for h in drawn]).sort().values
        lower, upper = getattr(ranges, name)
        assert lower <= values[0] and values[-1] <= upper
        middle = (lower * upper) ** 0.5 if lower else (lower + upper) / 2
        assert 0.4 < (values < middle).float().mean() < 0.6
    assert len({h.random_seed for h in drawn}) == 300
    assert ranges.draw(0, 5) == drawn[5] != ranges.draw(1, 5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"optimizer": ["lion"]}, "zoo.ranges.optimizer: 'lion' is not one of adam, rmsprop, sgd"),
        ({"activation": ["selu"]}, "zoo.ranges.activation: 'selu' is not one of relu, tanh"),
        ({"w_init": ["ones"]}, "'ones' is not one of glorot_normal, he_normal, orthogonal"),
        ({"train_fraction": []}, "zoo.ranges.train_fraction is empty"),
        ({"train_fraction": [0.0]}, "zoo.ranges.train_fraction must be .*, got 0.0"),
        ({"learning_rate": [1e-2, 1e-3]}, "zoo.ranges.learning_rate: the lower end is above"),
        ({"l2reg": [0.0, 1e-3]}, "zoo.ranges.l2reg must be a number above 0, got 0.0"),
        ({"dropout": [0.5, 1.0]}, "zoo.ranges.dropout must be a number at least 0 and below 1"),
        ({"init_std": [0.1]}, r"zoo.ranges.init_std: expected \[lower, upper\], two numbers"),
        ({"init_std": [0.1, float("nan")]}, r"zoo.ranges.init_std: expected \[lower, upper\]"),
    ],
)
def test_impossible_ranges(changes, message):
    with pytest.raises(ValueError, match=message):
        Ranges(**changes)


@pytest.mark.parametrize(
    ("kind", "std"),
    [
        ("glorot_normal", (2 / 288) ** 0.5),
        ("he_normal", (2 / 144) ** 0.5),
        ("RandomNormal", 0.2),
        ("TruncatedNormal", 0.2 * 0.8796),
    ],
)
def test_initial_kernels_have_the_deviation_that_keras_gives_them(kind, std):
    row = initial_row(small_cnn_layout(1, 10), kind, std=0.2, generator=torch.Generator())
    assert (row[160:176] == 0).all()
    assert_close(row[176:2480].std().item(), std, rtol=0.05, atol=0)


def test_orthogonal_kernels_are_orthogonal():
    assert set(KINDS) == set(Ranges().w_init)
    row = initial_row(small_cnn_layout(1, 10), "orthogonal", std=9.0, generator=torch.Generator())
    kernel = row[176:2480].view(144, 16)
    assert_close(kernel.T @ kernel, torch.eye(16), atol=1e-5, rtol=0)

"""Hyper-parameters of a zoo's networks, and the ranges that they are drawn from."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from math import exp, log

import numpy as np

from scalegmn.arguments import check_interval, check_number
from scalegmn.zoo.builders.initial import KINDS
from scalegmn.zoo.builders.stacked_cnn import ACTIVATIONS
from scalegmn.zoo.builders.update_rules import RULES


@dataclass(frozen=True)
class Hyperparameters:
    """Hyper-parameters of one network, named as in the zoo's metrics.

    Args:
        activation: ``relu`` or ``tanh``.
        b_init: always ``zeros``.
        dropout: rate after each activation.
        init_std: of the kinds of initial weights that have no scale of their own.
        l2reg: weight of the sum of squared weights in the loss; biases are free.
        learning_rate: constant.
        optimizer: ``adam``, ``sgd`` or ``rmsprop``.
        random_seed: of initial weights, choice and order of images, and dropout.
        train_fraction: of the training images.
        w_init: kind of initial weights.
    """

    activation: str
    b_init: str
    dropout: float
    init_std: float
    l2reg: float
    learning_rate: float
    optimizer: str
    random_seed: int
    train_fraction: float
    w_init: str


@dataclass(frozen=True)
class Ranges:
    """Ranges of a zoo's hyper-parameters; the defaults are the Small CNN Zoo's.

    Reference: Unterthiner et al., *Predicting Neural Network Accuracy from Weights*, 2020,
    arXiv:2002.11448.

    Args:
        activation: drawn from these.
        optimizer: drawn from these.
        w_init: drawn from these.
        train_fraction: drawn from these.
        learning_rate: lower and upper end, log-uniform.
        l2reg: lower and upper end, log-uniform.
        init_std: lower and upper end, log-uniform.
        dropout: lower and upper end, uniform.

    Raises:
        ValueError: if a range is empty or has an impossible value.
    """

    activation: Sequence[str] = ("relu", "tanh")
    optimizer: Sequence[str] = ("adam", "sgd", "rmsprop")
    w_init: Sequence[str] = tuple(KINDS)
    train_fraction: Sequence[float] = (0.1, 0.25, 0.5, 1.0)
    learning_rate: Sequence[float] = (5e-4, 5e-2)
    l2reg: Sequence[float] = (1e-8, 1e-2)
    init_std: Sequence[float] = (1e-3, 0.5)
    dropout: Sequence[float] = (0.0, 0.7)

    def __post_init__(self) -> None:
        for range_ in fields(self):
            if not len(getattr(self, range_.name)):
                raise ValueError(f"zoo.ranges.{range_.name} is empty: give at least one value")
        for name, known in (("activation", ACTIVATIONS), ("optimizer", RULES), ("w_init", KINDS)):
            for value in getattr(self, name):
                if value not in known:
                    choices = ", ".join(known)
                    raise ValueError(f"zoo.ranges.{name}: {value!r} is not one of {choices}")
        for fraction in self.train_fraction:
            check_number("zoo.ranges.train_fraction", fraction, above=0, most=1)
        # The first three are drawn log-uniformly.
        for name in ("learning_rate", "l2reg", "init_std"):
            check_interval(f"zoo.ranges.{name}", getattr(self, name), above=0)
        check_interval("zoo.ranges.dropout", self.dropout, least=0, below=1)

    def draw(self, seed: int, index: int) -> Hyperparameters:
        """Draw for one network, depending on nothing but the zoo's seed and its number."""
        rng = np.random.default_rng([seed, index])
        return Hyperparameters(
            activation=str(rng.choice(self.activation)),
            b_init="zeros",
            dropout=_uniform(rng, self.dropout),
            init_std=_log_uniform(rng, self.init_std),
            l2reg=_log_uniform(rng, self.l2reg),
            learning_rate=_log_uniform(rng, self.learning_rate),
            optimizer=str(rng.choice(self.optimizer)),
            random_seed=int(rng.integers(2**31)),
            train_fraction=float(rng.choice(self.train_fraction)),
            w_init=str(rng.choice(self.w_init)),
        )


def _log_uniform(rng: np.random.Generator, ends: Sequence[float]) -> float:
    return exp(_uniform(rng, [log(end) for end in ends]))


def _uniform(rng: np.random.Generator, ends: Sequence[float]) -> float:
    lower, upper = ends
    return float(rng.uniform(lower, upper))

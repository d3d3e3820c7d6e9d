"""How the networks of a zoo differ."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from math import exp, isfinite, log

import numpy as np

from scalegmn.zoo.builders.initial import KINDS
from scalegmn.zoo.builders.stacked_cnn import ACTIVATIONS
from scalegmn.zoo.builders.update_rules import RULES


@dataclass(frozen=True)
class Hyperparameters:
    """One network's, named as in the zoo's metrics.

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
    """What the hyper-parameters of a zoo are drawn from: the defaults are the Small CNN Zoo's.

    Reference: Unterthiner et al., *Predicting Neural Network Accuracy from Weights*, 2020,
    arXiv:2002.11448.

    Args:
        activation: drawn from these.
        optimizer: likewise.
        w_init: likewise.
        train_fraction: likewise.
        learning_rate: lower and upper end, log-uniform.
        l2reg: likewise.
        init_std: likewise.
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
            if not 0 < fraction <= 1:
                raise ValueError(f"zoo.ranges.train_fraction: {fraction} is not in (0, 1]")
        for name in ("learning_rate", "l2reg", "init_std", "dropout"):
            _check_ends(name, getattr(self, name))

    def draw(self, seed: int, index: int) -> Hyperparameters:
        """Those of one network, which depend on nothing but the zoo's seed and its number."""
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


def _check_ends(name: str, ends: Sequence[float]) -> None:
    if len(ends) != 2 or not all(map(isfinite, ends)) or ends[0] > ends[1]:
        raise ValueError(f"zoo.ranges.{name}: expected [lower, upper], got {list(ends)}")
    if name == "dropout" and not 0 <= ends[0] <= ends[1] < 1:
        raise ValueError(f"zoo.ranges.dropout: rates are at least 0 and below 1, got {list(ends)}")
    if name != "dropout" and ends[0] <= 0:
        raise ValueError(f"zoo.ranges.{name} is drawn log-uniformly: {ends[0]} is not above 0")


def _log_uniform(rng: np.random.Generator, ends: Sequence[float]) -> float:
    return exp(_uniform(rng, [log(end) for end in ends]))


def _uniform(rng: np.random.Generator, ends: Sequence[float]) -> float:
    lower, upper = ends
    return float(rng.uniform(lower, upper))

from functools import partial

import pytest
from torch import nn

from callbacks.inner_training import InnerTraining
from datamodules.digits import Digits
from lightning_modules.classifier import Classifier


@pytest.fixture
def data():
    """Digits, in five batches per epoch."""
    return Digits(batch_size=260, seed=0)


@pytest.fixture
def net():
    return nn.Sequential(
        nn.AvgPool2d(4), nn.Flatten(), nn.Linear(64, 12), nn.ReLU(), nn.Linear(12, 10)
    )


@pytest.fixture
def inner(make_trainer):
    make = partial(make_trainer, enable_checkpointing=True)
    return InnerTraining(make, Classifier, seed=0)

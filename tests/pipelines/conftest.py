import pytest
from torch import nn

from datamodules.digits import Digits


@pytest.fixture
def data():
    """Digits, in five batches per epoch."""
    return Digits(batch_size=260, seed=0)


@pytest.fixture
def net():
    return nn.Sequential(
        nn.AvgPool2d(4), nn.Flatten(), nn.Linear(64, 12), nn.ReLU(), nn.Linear(12, 10)
    )

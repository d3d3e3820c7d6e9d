import pytest

from datamodules.digits import Digits


@pytest.fixture
def data():
    """Digits, the last batch smaller than the others."""
    return Digits(batch_size=200, seed=0)

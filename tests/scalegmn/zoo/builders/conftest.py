import pytest

from tests.tiny_zoo import noisy_images


@pytest.fixture(scope="session")
def images():
    return noisy_images()

import numpy as np
import pytest

NAMES = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]


@pytest.fixture
def records() -> dict[str, np.ndarray]:
    """Six files of 12 random records (a label and 3,072 pixels)."""
    rng = np.random.default_rng(0)
    records = {name: rng.integers(256, size=(12, 3073), dtype=np.uint8) for name in NAMES}
    for file in records.values():
        file[:, 0] %= 10
    return records


@pytest.fixture
def data_dir(tmp_path, records):
    """A data folder with ``cifar-10-batches-bin``: 60 images for training, 12 for testing."""
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    for name, file in records.items():
        (folder / f"{name}.bin").write_bytes(file.tobytes())
    return tmp_path

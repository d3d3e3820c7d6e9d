import logging
import os
from functools import partial
from pathlib import Path

# The import hook that checks shapes compiles, anew in every session, all that a checked module is
# the first to import. These are large.
import lightning  # noqa: F401
import matplotlib.pyplot  # noqa: F401
import pytest
import torch
import torch._dynamo
import torch_geometric.data  # noqa: F401

# The tensors of the tests are tiny: waiting for a second thread costs more than it brings.
torch.set_num_threads(1)


@pytest.fixture(autouse=True, scope="session")
def dense_dir(tmp_path_factory):
    """A folder for dense networks that this session's runs share, and nobody else's."""
    os.environ["SCALEGMN_DENSE"] = str(tmp_path_factory.mktemp("dense"))


@pytest.fixture(autouse=True)
def only_open_logs():
    """Without handlers that commands of earlier tests left, whose captured streams are closed."""
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if isinstance(handler, logging.StreamHandler) and getattr(handler.stream, "closed", False):
            root.removeHandler(handler)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


@pytest.fixture
def float64():
    old = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(old)


@pytest.fixture
def make_trainer():
    """A quiet trainer on the CPU."""
    # Here, because most tests do without this slow import.
    import lightning as L

    return partial(
        L.Trainer,
        max_epochs=1,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        log_every_n_steps=1,
    )


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets; tests that ask for it skip where there is none."""
    folder = os.environ.get("SCALEGMN_DATA")
    if not folder or not (Path(folder) / "cifar-10-batches-bin").is_dir():
        pytest.skip("needs real CIFAR-10: set SCALEGMN_DATA to a folder with cifar-10-batches-bin/")
    return Path(folder)

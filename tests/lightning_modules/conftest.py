from functools import partial

import lightning as L
import pytest

from datamodules.digits import Digits


@pytest.fixture
def make_trainer():
    """A quiet trainer on the CPU."""
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


@pytest.fixture
def data():
    """Digits, the last batch smaller than the others."""
    return Digits(batch_size=200, seed=0)

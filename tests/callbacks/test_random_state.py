import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import torch
from lightning import Callback, LightningModule, Trainer

from callbacks.random_state import RandomState
from lightning_modules.classifier import Classifier

ROOT = Path(__file__).parents[2]
# What one of two processes draws when it trains at once, and when it is resumed.
PAIR = """
import json, sys
from functools import partial
import lightning as L, torch
from torch import nn
from datamodules.digits import Digits
from tests.callbacks.test_random_state import fit

trainer = partial(L.Trainer, accelerator="cpu", devices=2, strategy="ddp", logger=False,
    enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
    use_distributed_sampler=False, limit_train_batches=1, limit_val_batches=0)
def drawn(seed, *args):
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Flatten(), nn.Linear(1024, 10))
    return fit(net, Digits(batch_size=260, seed=0), trainer, *args)
whole = drawn(1, 2)[1]
stopped, first = drawn(1, 1)
stopped.save_checkpoint(sys.argv[1])
stopped.strategy.barrier()
print("drawn", json.dumps([whole, first + drawn(2, 2, sys.argv[1])[1]]))
"""


class Draw(Callback):
    """Draws a number per epoch."""

    def __init__(self):
        self.drawn = []

    def on_train_epoch_start(self, trainer, pl_module):
        self.drawn.append(float(torch.rand(())))


def fit(net, data, make_trainer, max_epochs, checkpoint=None):
    draw = Draw()
    trainer = make_trainer(max_epochs=max_epochs, callbacks=[RandomState(), draw])
    trainer.fit(Classifier(net), datamodule=data, ckpt_path=checkpoint, weights_only=True)
    return trainer, draw.drawn


def test_a_resumed_fit_draws_the_numbers_of_the_uninterrupted_one(
    net, data, make_trainer, tmp_path
):
    torch.manual_seed(1)
    trainer, first = fit(net, data, make_trainer, 1)
    trainer.save_checkpoint(tmp_path / "one.ckpt")
    torch.manual_seed(2)
    _, rest = fit(net, data, make_trainer, 3, tmp_path / "one.ckpt")
    torch.manual_seed(1)
    _, whole = fit(net, data, make_trainer, 3)
    assert first + rest == whole


def starts(rank, saved=None):
    """What a rank draws first in a fit."""
    torch.manual_seed(1)
    callback = RandomState()
    callback.load_state_dict(saved or {})
    trainer = Mock(spec=Trainer, global_rank=rank)
    trainer.strategy.root_device = torch.device("cpu")
    callback.on_fit_start(trainer, Mock(spec=LightningModule))
    return float(torch.rand(()))


def test_ranks_draw_different_numbers_and_the_first_those_of_one_process():
    torch.manual_seed(1)
    alone = float(torch.rand(()))
    ranks = [starts(rank) for rank in range(4)]
    assert ranks[0] == alone
    assert len(set(ranks)) == 4
    assert ranks == [starts(rank) for rank in range(4)]
    torch.manual_seed(2)
    assert float(torch.rand(())) not in ranks


def test_every_rank_goes_on_with_its_own_state_and_further_ones_with_none_of_them():
    saved, expected = [], []
    for seed in (5, 6):
        torch.manual_seed(seed)
        saved.append(torch.get_rng_state())
        expected.append(float(torch.rand(())))
    ranks = [starts(rank, {"cpu": torch.stack(saved)}) for rank in range(4)]
    assert ranks[:2] == expected
    assert len(set(ranks)) == 4


def test_two_processes_draw_their_own_numbers_also_when_resumed(tmp_path):
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = str(free.getsockname()[1])
    # As torchrun starts them.
    common = {"WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": port}
    common |= {"TORCHELASTIC_RUN_ID": "1", "LOCAL_WORLD_SIZE": "2", "GROUP_RANK": "0"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PAIR, tmp_path / "one.ckpt"],
            cwd=ROOT,
            env={**os.environ, **common, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    said = [process.communicate(timeout=300)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    (whole, resumed), (other, other_resumed) = (json.loads(s.split("drawn ")[1]) for s in said)
    assert resumed == whole and other_resumed == other
    assert not set(whole) & set(other)

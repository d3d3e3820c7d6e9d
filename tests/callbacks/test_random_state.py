import json
from unittest.mock import Mock

import torch
from lightning import Callback, LightningModule, Trainer

from callbacks import RandomState
from tests.callbacks.conftest import Plain
from tests.callbacks.two_processes import outputs_of_two

# What one of two processes draws when it trains at once, and when it is resumed.
PAIR = """
import json, sys
from functools import partial
import lightning as L, torch
from torch import nn
from tests.callbacks.conftest import batches
from tests.callbacks.test_random_state import fit

trainer = partial(L.Trainer, accelerator="cpu", devices=2, strategy="ddp", logger=False,
    enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
    limit_train_batches=1, limit_val_batches=0)
def drawn(seed, *args):
    torch.manual_seed(seed)
    return fit(nn.Linear(8, 4), {"train_dataloaders": batches(2, 0)}, trainer, *args)
whole = drawn(1, 2)[1]
stopped, first = drawn(1, 1)
stopped.save_checkpoint(sys.argv[1])
stopped.strategy.barrier()
print("result", json.dumps([whole, first + drawn(2, 2, sys.argv[1])[1]]))
"""


class Draw(Callback):
    """Draws a number per batch, and sees which batch it is."""

    def __init__(self):
        self.drawn = []

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        self.drawn.append([float(torch.rand(())), float(batch[0].sum())])


def fit(net, data, make_trainer, max_epochs, checkpoint=None):
    draw = Draw()
    trainer = make_trainer(max_epochs=max_epochs, callbacks=[RandomState(), draw])
    trainer.fit(Plain(net), **data, ckpt_path=checkpoint, weights_only=True)
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
    (whole, resumed), (other, other_resumed) = (
        json.loads(text) for text in outputs_of_two(PAIR, tmp_path / "one.ckpt")
    )
    assert resumed == whole and other_resumed == other
    assert not {number for number, _ in whole} & {number for number, _ in other}

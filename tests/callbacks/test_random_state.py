from unittest.mock import Mock

import torch
from lightning import Callback, LightningModule, Trainer

from callbacks.random_state import RandomState
from lightning_modules.classifier import Classifier


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

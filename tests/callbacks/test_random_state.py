import torch
from lightning import Callback

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

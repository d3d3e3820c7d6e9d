import csv

import pytest
import torch
from lightning import Callback

from callbacks.patience import Patience
from lightning_modules.classifier import Classifier


@pytest.fixture
def outer(make_trainer, data, net):
    trainer = make_trainer(fast_dev_run=True)
    trainer.fit(Classifier(net), datamodule=data)
    return trainer


def test_the_best_weights_stay(outer, inner, net, tmp_path):
    class Ruin(Callback):
        def on_train_epoch_start(self, trainer, pl_module):
            if trainer.current_epoch == 3:
                pl_module.net[2].weight.data.zero_()

    module = Classifier(net)
    epochs = inner.fit(outer, module, folder=tmp_path, max_epochs=4, callbacks=[Ruin()])
    assert epochs == 4
    with (tmp_path / "metrics.csv").open() as stream:
        losses = [float(row["val/loss"]) for row in csv.DictReader(stream)]
    assert losses[3] > losses[2] == min(losses)
    assert inner.evaluate(outer, net, "val").loss == pytest.approx(losses[2], abs=1e-6)


def test_the_outer_run_notices_nothing(outer, inner, net, tmp_path):
    state = torch.get_rng_state()
    inner.fit(outer, Classifier(net), folder=tmp_path, max_epochs=1)
    assert torch.equal(torch.get_rng_state(), state)
    assert outer.datamodule.trainer is outer


@pytest.mark.filterwarnings("ignore:Checkpoint directory")
def test_a_fit_that_had_stopped_stays_stopped(outer, inner, net, tmp_path):
    def fit():
        patience = Patience("val/loss", patience=1, min_delta=1e3)
        return inner.fit(
            outer, Classifier(net), folder=tmp_path, max_epochs=9, callbacks=[patience]
        )

    assert fit() == 2
    # The process was killed before anyone noticed.
    assert fit() == 2


def test_evaluation_counts_every_image_once(outer, inner, net, data):
    found = inner.evaluate(outer, net, "test")
    x, y = (torch.cat(parts) for parts in zip(*data.test_dataloader(), strict=True))
    with torch.no_grad():
        logits = net(x)
    assert found.accuracy == pytest.approx(float((logits.argmax(1) == y).float().mean()))
    assert found.loss == pytest.approx(float(torch.nn.functional.cross_entropy(logits, y)))


def test_an_outer_run_without_a_datamodule_is_refused(make_trainer, inner, net):
    with pytest.raises(ValueError, match="with a datamodule"):
        inner.evaluate(make_trainer(), net, "val")


def test_checkpoints_hold_plain_values_only(outer, inner, net, tmp_path):
    inner.fit(outer, Classifier(net), folder=tmp_path, max_epochs=1)
    for name in ("best", "last"):
        content = torch.load(tmp_path / f"checkpoints/{name}.ckpt", weights_only=True)
        assert content["epoch"] == 0

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch.optim import SGD, Adam

from lightning_modules.classifier import Classifier
from lightning_modules.evaluation import Evaluation
from lightning_modules.schedule import Schedule
from scalegmn.targets import SmallCNN

STILL = partial(SGD, lr=0.0)


def everything(loader):
    return (torch.cat(parts) for parts in zip(*loader, strict=True))


def test_metrics_are_means_over_images(make_trainer, data):
    net = SmallCNN()
    trainer = make_trainer()
    trainer.fit(Classifier(net, optimizer=STILL), datamodule=data)
    found = trainer.callback_metrics
    for split, loader in (("train", data.train_dataloader()), ("val", data.val_dataloader())):
        x, y = everything(loader)
        logits = net(x).detach()
        assert float(found[f"{split}/loss"]) == pytest.approx(float(F.cross_entropy(logits, y)))
        accuracy = float((logits.argmax(1) == y).float().mean())
        assert split == "train" or float(found["val/accuracy"]) == pytest.approx(accuracy)


def test_only_the_training_loss_is_smoothed(make_trainer, data):
    net = SmallCNN()

    def losses(smoothing):
        trainer = make_trainer()
        module = Classifier(net, optimizer=STILL, label_smoothing=smoothing)
        trainer.fit(module, datamodule=data)
        return {k: float(v) for k, v in trainer.callback_metrics.items()}

    plain, smooth = losses(0.0), losses(0.5)
    assert plain["val/loss"] == smooth["val/loss"]
    assert plain["train/loss"] != smooth["train/loss"]


def test_it_learns(make_trainer, data):
    module = Classifier(SmallCNN(), optimizer=partial(Adam, lr=1e-2))
    trainer = make_trainer(max_epochs=8)
    trainer.fit(module, datamodule=data)
    assert trainer.callback_metrics["val/accuracy"] > 0.4
    (test,) = trainer.test(module, datamodule=data, verbose=False)
    assert test["test/accuracy"] > 0.4


@pytest.mark.parametrize(("interval", "rate"), [("epoch", 0.5**2), ("step", 0.5 ** (2 * 7))])
def test_the_schedule_may_begin_at_a_later_epoch(make_trainer, data, interval, rate):
    halved = partial(torch.optim.lr_scheduler.ExponentialLR, gamma=0.5)
    schedule = Schedule(halved, interval)
    module = Classifier(
        SmallCNN(), optimizer=partial(SGD, lr=1.0), scheduler=schedule, first_epoch=2
    )
    rates = []
    module.on_train_batch_start = lambda *_: rates.append(module.optimizers().param_groups[0]["lr"])
    make_trainer(max_epochs=2).fit(module, datamodule=data)
    assert len(rates) == 2 * 7
    assert rates[0] == pytest.approx(rate)


@pytest.mark.parametrize("smoothing", [-0.1, 2.0, float("nan")])
def test_label_smoothing_is_a_fraction(smoothing):
    with pytest.raises(
        ValueError, match="^label_smoothing must be a number at least 0 and at most 1"
    ):
        Classifier(SmallCNN(), label_smoothing=smoothing)


def test_labels_that_are_no_classes_are_named():
    with pytest.raises(ValueError, match="test images have labels from 0 to 7, and the network 3"):
        Evaluation("test").update(torch.zeros(2, 3), torch.tensor([0, 7]))

from copy import deepcopy
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from datamodules.digits import Digits
from lightning_modules.classifier import Classifier
from lightning_modules.l1_pruner import L1Pruner


@pytest.fixture
def net():
    return nn.Sequential(
        nn.AvgPool2d(4), nn.Flatten(), nn.Linear(64, 12), nn.ReLU(), nn.Linear(12, 10)
    )


def norm(net):
    return sum(p.detach().abs().sum() for p in net.parameters())


def test_a_step_goes_down_the_loss_and_its_penalty(make_trainer, net):
    data = Digits(batch_size=10_000, seed=0)  # All images in one batch.
    data.setup()
    x, y = data.full_batch("train")
    start = deepcopy(net)
    loss = F.cross_entropy(start(x), y) + 0.01 * sum(p.abs().sum() for p in start.parameters())
    loss.backward()
    module = L1Pruner(net, l1_weight=0.01, optimizer=partial(torch.optim.SGD, lr=0.1))
    trainer = make_trainer()
    trainer.fit(module, datamodule=data)
    for moved, before in zip(net.parameters(), start.parameters(), strict=True):
        torch.testing.assert_close(moved, before - 0.1 * before.grad)
    assert float(trainer.callback_metrics["train/loss"]) == pytest.approx(loss.item(), rel=1e-5)


def test_validation_has_the_operator_s_metrics(make_trainer, data, net):
    module = L1Pruner(net, l1_weight=0.02)
    (found,) = make_trainer().validate(module, datamodule=data, verbose=False)
    (plain,) = make_trainer().validate(Classifier(net), datamodule=data, verbose=False)
    assert {k: found[k] for k in plain} == plain
    assert found["val/l1"] == pytest.approx(float(norm(net)))
    assert found["val/total"] == pytest.approx(plain["val/loss"] + 0.02 * float(norm(net)))


def test_the_penalty_makes_the_network_smaller(make_trainer, data, net):
    other = deepcopy(net)
    make_trainer(max_epochs=5).fit(L1Pruner(net, l1_weight=0.05), datamodule=data)
    make_trainer(max_epochs=5).fit(Classifier(other), datamodule=data)
    assert norm(net) < 0.9 * norm(other)


def test_a_negative_penalty_is_refused(net):
    with pytest.raises(ValueError, match="l1_weight must be a number at least 0, got -1"):
        L1Pruner(net, l1_weight=-1.0)


def test_another_norm_is_minimised_and_reported(make_trainer, data, net):
    def squares(params):
        return sum(p.square().sum() for p in params.values())

    module = L1Pruner(net, l1_weight=0.02, norm=squares)
    (found,) = make_trainer().validate(module, datamodule=data, verbose=False)
    norm = float(squares(net.state_dict()))
    assert found["val/l1"] == pytest.approx(norm)
    assert found["val/total"] == pytest.approx(found["val/loss"] + 0.02 * norm)

"""Fits of a network that learns from another one."""

from functools import partial

import torch
from torch import nn
from torch.optim import SGD
from torch.utils.data import DataLoader, TensorDataset

from lightning_modules.distilled import Distilled
from scalegmn.distillation import Distillation


def test_one_step_follows_the_gradient_of_the_loss(make_trainer):
    x, y = torch.randn(6, 1, 2, 2), torch.arange(6) % 3
    net, teacher = (nn.Sequential(nn.Flatten(), nn.Linear(4, 3)) for _ in range(2))
    teacher.append(nn.Dropout(0.9))  # off: the teacher is evaluated
    loss = Distillation(weight=0.7, temperature=2.0)
    loss(net(x), teacher[:2](x), y).mean().backward()
    expected = [(p - 0.5 * p.grad).detach() for p in net.parameters()]
    module = Distilled(net, teacher, loss, optimizer=partial(SGD, lr=0.5))
    before = [p.clone() for p in teacher.parameters()]
    net.zero_grad()
    trainer = make_trainer()
    images = DataLoader(TensorDataset(x, y), batch_size=6)
    trainer.fit(module, images, images)
    assert all(map(torch.allclose, net.parameters(), expected))
    assert all(map(torch.equal, teacher.parameters(), before))
    assert trainer.callback_metrics["train/loss"] > 0
    assert all(name.startswith("net.") for name, _ in module.named_parameters())

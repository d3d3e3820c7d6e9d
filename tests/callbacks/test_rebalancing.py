from functools import partial

import pytest
import torch
from lightning import Callback
from torch import nn, optim

from callbacks import Rebalancing
from scalegmn.pruning import l1

ADAMW = partial(optim.AdamW, lr=1e-3)


@pytest.fixture
def fit(data, make_trainer, module_of):
    def fit(net, *callbacks, optimizer=ADAMW, **kwargs):
        trainer = make_trainer(**{"max_epochs": 2, "callbacks": list(callbacks), **kwargs})
        trainer.fit(module_of(net, optimizer), **data)
        return trainer

    return fit


class Look(Callback):
    """The norm and the function at the start of each step, once others are done with it."""

    def __init__(self, x):
        self.x, self.norms, self.outputs = x, [], []

    def look(self, net):
        with torch.no_grad():
            self.norms.append(float(l1(dict(net.named_parameters()))))
            self.outputs.append(net(self.x))

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        self.look(pl_module.net)


def unbalanced(net, factor=50.0):
    with torch.no_grad():
        net[0].weight *= factor
        net[0].bias *= factor
        net[2].weight /= factor
    return net


def test_the_function_stays_and_the_norm_falls(net, fit):
    x = torch.randn(9, 8)
    before, after = Look(x), Look(x)
    fit(unbalanced(net), before, Rebalancing([8], every_n_steps=3), after)
    for step, (old, new) in enumerate(zip(before.norms, after.norms, strict=True)):
        assert new < old if step % 3 == 0 else new == old
    assert before.norms[0] > 10 * after.norms[0]
    for old, new in zip(before.outputs, after.outputs, strict=True):
        torch.testing.assert_close(new, old, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "optimizer",
    [partial(optim.Adam, amsgrad=True), partial(optim.SGD, momentum=0.9)],
    ids=["Adam", "SGD"],
)
def test_moments_are_those_of_a_network_that_was_always_so_scaled(
    optimizer, make_trainer, module_of
):
    """Two equal networks in different gauges have equal moments in the least one."""
    torch.manual_seed(1)
    x, y = torch.randn(16, 8), torch.randint(4, (16,))
    states = []
    for factor in (1.0, 4.0):
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(8, 12), nn.ReLU(), nn.Linear(12, 4))
        made = optimizer(unbalanced(net, factor).parameters())
        # Gradients, but no change of the network.
        for group in made.param_groups:
            group["lr"] = 0.0
        nn.functional.cross_entropy(net(x), y).backward()
        weights = [p.detach().clone() for p in net.parameters()]
        made.step()
        with torch.no_grad():
            for parameter, weight in zip(net.parameters(), weights, strict=True):
                parameter.copy_(weight)
        trainer, module = make_trainer(), module_of(net)
        trainer.strategy.optimizers = [made]
        callback = Rebalancing([8])
        callback.on_fit_start(trainer, module)
        callback.on_train_batch_start(trainer, module, None, 0)
        known = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq", "momentum_buffer")
        states.append([v for p in net.parameters() for n, v in made.state[p].items() if n in known])
    assert len(states[0]) >= 4
    for ours, theirs in zip(*states, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-9)


def test_zeros_stay_zero(net, fit):
    with torch.no_grad():
        net[0].weight[3:5] = 0
        net[2].weight[:, 7] = 0
    dead = [net[0].weight == 0, net[2].weight == 0]
    fit(net, Rebalancing([8]), optimizer=partial(optim.SGD, lr=0.0))
    assert torch.equal(net[0].weight == 0, dead[0]) and torch.equal(net[2].weight == 0, dead[1])
    assert all(bool(p.isfinite().all()) for p in net.parameters())


def test_a_network_without_scales_stays(make_trainer, module_of, data):
    net = nn.Sequential(nn.Linear(8, 12), nn.Tanh(), nn.Linear(12, 4))
    start = net[0].weight.detach().clone()
    trainer = make_trainer(callbacks=[Rebalancing([8], every_n_steps=1)])
    trainer.fit(module_of(net, partial(optim.SGD, lr=0.0)), **data)
    assert torch.equal(net[0].weight, start)


def test_steps_are_above_zero():
    with pytest.raises(ValueError, match="every_n_steps must be at least 1, got 0"):
        Rebalancing([8], every_n_steps=0)

from copy import deepcopy
from functools import partial

import lightning as L
import pytest
import torch
from lightning import Callback
from torch import nn, optim
from torch.optim import SGD, AdamW
from torch.utils.data import DataLoader

from callbacks import ThresholdWeights
from scalegmn.pruning import Mask

OPTIMIZERS = {
    "AdamW": partial(AdamW, lr=1e-2, weight_decay=0.5),
    "SGD": partial(SGD, lr=1e-1, momentum=0.9, weight_decay=1e-2),
}


class Watch(Callback):
    """Records what is zero after every batch, and whether the optimizer sees anything of it."""

    def __init__(self):
        self.masks, self.clean = [], []

    def on_before_optimizer_step(self, trainer, pl_module, optimizer):
        for name, keep in self.masks[-1].keep.items() if self.masks else ():
            weight = pl_module.net.get_parameter(name)
            state = [v for v in optimizer.state[weight].values() if torch.is_tensor(v)]
            self.clean += [
                not t[~keep].any() for t in (weight.grad, *state) if t.shape == keep.shape
            ]

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        self.masks.append(Mask.of_zeros(pl_module.net))


@pytest.fixture
def fit(data, make_trainer, module_of):
    def fit(net, *callbacks, optimizer=OPTIMIZERS["AdamW"], ckpt_path=None, **kwargs):
        trainer = make_trainer(**{"max_epochs": 3, "callbacks": list(callbacks), **kwargs})
        trainer.fit(module_of(net, optimizer), **data, ckpt_path=ckpt_path, weights_only=True)
        return trainer

    return fit


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_what_falls_below_stays_zero_and_hidden(net, fit, optimizer):
    biases = [net[0].bias.detach().clone(), net[2].bias.detach().clone()]
    with torch.no_grad():
        net[0].bias[0] = 1e-3
    watch = Watch()
    fit(net, ThresholdWeights(0.05), watch, optimizer=optimizer)
    for outer, inner in zip(watch.masks, watch.masks[1:], strict=False):
        assert not any((inner.keep[name] & ~outer.keep[name]).any() for name in outer.keep)
    # Some at once, more later.
    assert 0 < watch.masks[0].sparsity < watch.masks[-1].sparsity < 1
    assert len(watch.clean) > 25 and all(watch.clean)
    for layer, before in zip((net[0], net[2]), biases, strict=True):
        weight = layer.weight.detach()
        assert weight[weight != 0].abs().min() >= 0.05
        assert (layer.bias != 0).all() and not torch.equal(layer.bias, before)


def test_biases_are_thresholded_if_that_is_asked_for(net, fit):
    with torch.no_grad():
        net[0].bias[0] = 1e-3
    fit(net, ThresholdWeights(0.05, prune_biases=True))
    assert net[0].bias[0] == 0


def test_a_resumed_fit_is_the_uninterrupted_one(net, fit, tmp_path):
    start, file = deepcopy(net.state_dict()), tmp_path / "one.ckpt"
    torch.manual_seed(1)
    first = ThresholdWeights(0.05)
    fit(net, first, max_epochs=1).save_checkpoint(file)
    fit(net, ThresholdWeights(0.05), ckpt_path=file)
    ended = deepcopy(net.state_dict())

    net.load_state_dict(start)
    torch.manual_seed(1)
    fit(net, ThresholdWeights(0.05))
    for name, tensor in net.state_dict().items():
        assert torch.equal(ended[name], tensor)

    # Zeros that would not be found again.
    fit(net, ThresholdWeights(1e-9), ckpt_path=file)
    for name, keep in first.mask.keep.items():
        assert not keep.all() and not net.get_parameter(name)[~keep].any()


def test_a_divergence_is_not_hidden(net, fit):
    class Diverge(Callback):
        def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
            with torch.no_grad():
                pl_module.net[0].weight[0, 0] = torch.nan

    with torch.no_grad():
        net[0].weight[0, 0] = 1.0
    fit(net, Diverge(), ThresholdWeights(0.05), max_epochs=1)
    assert net[0].weight[0, 0].isnan()


class Shrink(L.LightningModule):
    """Nothing but the L1 norm, whose steps take weights through zero again and again."""

    def __init__(self, optimizer):
        super().__init__()
        self.net, self.optimizer = nn.Linear(70, 71), optimizer

    def training_step(self, batch, batch_idx):
        return sum(p.abs().sum() for p in self.net.parameters())

    def configure_optimizers(self):
        return self.optimizer(self.parameters())


class Revived(Callback):
    """Counts entries that were zero after one step and are not after a later one."""

    def __init__(self):
        self.was_zero, self.count = None, 0

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        zero = pl_module.net.weight.detach() == 0
        if self.was_zero is not None:
            self.count += int((self.was_zero & ~zero).sum())
        self.was_zero = zero


def shrink(make_trainer, optimizer, *, steps, epsilon=1e-4):
    module, revived = Shrink(optimizer), Revived()
    trainer = make_trainer(callbacks=[ThresholdWeights(epsilon), revived])
    trainer.fit(module, DataLoader(range(steps), batch_size=None))
    return module.net.weight.detach(), revived


def test_nothing_comes_back_in_4000_steps_of_adamw(make_trainer):
    optimizer = partial(AdamW, lr=1e-3, weight_decay=1e-2)
    weight, revived = shrink(make_trainer, optimizer, steps=4000)
    assert weight.numel() == 4970 and revived.count == 0
    assert revived.was_zero.float().mean() > 0.1


EVERY_OPTIMIZER = {
    kind.__name__: partial(kind, **options)
    for kind, options in {
        optim.ASGD: {"lr": 1e-3},
        optim.Adadelta: {"lr": 1e-1},
        optim.Adafactor: {"lr": 1e-3},
        optim.Adagrad: {"lr": 1e-3},
        optim.Adam: {"lr": 1e-3, "amsgrad": True, "weight_decay": 1e-2},
        optim.Adamax: {"lr": 1e-3},
        optim.NAdam: {"lr": 1e-3, "momentum_decay": 1e-3},
        optim.RAdam: {"lr": 1e-3, "weight_decay": 1e-2},
        optim.RMSprop: {"lr": 1e-3, "momentum": 0.9, "centered": True},
        optim.Rprop: {"lr": 1e-3},
        optim.SGD: {"lr": 1e-4, "momentum": 0.9, "nesterov": True, "weight_decay": 1e-2},
    }.items()
}


@pytest.mark.parametrize("optimizer", EVERY_OPTIMIZER.values(), ids=EVERY_OPTIMIZER)
def test_nothing_comes_back_with_any_optimizer(make_trainer, optimizer):
    _, revived = shrink(make_trainer, optimizer, steps=150, epsilon=1e-3)
    assert revived.count == 0 and revived.was_zero.any()


def test_a_threshold_holds_until_its_sparsity_is_reached(make_trainer):
    class Smallest(Callback):
        def __init__(self):
            self.seen = []

        def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
            weight = pl_module.net.weight.detach()
            sparsity = float((weight == 0).float().mean())
            self.seen.append((sparsity, float(weight[weight != 0].abs().min())))

    smallest = Smallest()
    # In the order of the sparsities: 1e-3, 2e-2, 5e-3.
    threshold = ThresholdWeights([2e-2, 1e-3, 5e-3], sparsities=[0.6, 0.3, 0.9])
    module = Shrink(partial(SGD, lr=1e-3))
    trainer = make_trainer(callbacks=[threshold, smallest])
    trainer.fit(module, DataLoader(range(110), batch_size=None))
    before = [0.0, *(sparsity for sparsity, _ in smallest.seen)]
    found = {1e-3: 0, 2e-2: 0, 5e-3: 0}
    for reached, (_, least) in zip(before, smallest.seen, strict=False):
        epsilon = 1e-3 if reached < 0.3 else 2e-2 if reached < 0.6 else 5e-3
        assert least >= epsilon
        found[epsilon] += least < 1.5 * epsilon
    assert all(found.values())


def test_zeros_from_before_count_on_the_way_to_the_next_sparsity(make_trainer):
    module = Shrink(partial(SGD, lr=0.0))
    weight = module.net.weight
    with torch.no_grad():
        weight.fill_(1e-2)
        weight.flatten()[: weight.numel() // 2] = 0
    # The first threshold, of which the sparsity is passed, would make them all zero.
    threshold = ThresholdWeights([2e-2, 1e-3], sparsities=[0.3, 0.9])
    make_trainer(callbacks=[threshold]).fit(module, DataLoader(range(2), batch_size=None))
    assert int(weight.count_nonzero()) == weight.numel() - weight.numel() // 2


@pytest.mark.parametrize("sparsities", [(), [0.5], 0.5])
def test_several_thresholds_need_as_many_sparsities(sparsities):
    with pytest.raises(ValueError, match="expected one value, or one for each sparsity"):
        ThresholdWeights([1e-3, 1e-4], sparsities=sparsities)


@pytest.mark.parametrize("threshold", [0.0, -1.0, float("nan")])
def test_a_threshold_is_above_zero(threshold):
    with pytest.raises(ValueError, match="epsilon must be above 0"):
        ThresholdWeights(threshold)

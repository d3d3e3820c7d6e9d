from copy import deepcopy
from functools import partial

import pytest
import torch
from lightning import Callback
from torch.optim import SGD, AdamW

from callbacks import HardThresholding
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
    fit(net, HardThresholding(0.05), watch, optimizer=optimizer)
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
    fit(net, HardThresholding(0.05, prune_biases=True))
    assert net[0].bias[0] == 0


def test_a_resumed_fit_is_the_uninterrupted_one(net, fit, tmp_path):
    start, file = deepcopy(net.state_dict()), tmp_path / "one.ckpt"
    torch.manual_seed(1)
    first = HardThresholding(0.05)
    fit(net, first, max_epochs=1).save_checkpoint(file)
    fit(net, HardThresholding(0.05), ckpt_path=file)
    ended = deepcopy(net.state_dict())

    net.load_state_dict(start)
    torch.manual_seed(1)
    fit(net, HardThresholding(0.05))
    for name, tensor in net.state_dict().items():
        assert torch.equal(ended[name], tensor)

    # Zeros that would not be found again.
    fit(net, HardThresholding(1e-9), ckpt_path=file)
    for name, keep in first.mask.keep.items():
        assert not keep.all() and not net.get_parameter(name)[~keep].any()


def test_a_divergence_is_not_hidden(net, fit):
    class Diverge(Callback):
        def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
            with torch.no_grad():
                pl_module.net[0].weight[0, 0] = torch.nan

    with torch.no_grad():
        net[0].weight[0, 0] = 1.0
    fit(net, Diverge(), HardThresholding(0.05), max_epochs=1)
    assert net[0].weight[0, 0].isnan()


@pytest.mark.parametrize("threshold", [0.0, -1.0, float("nan")])
def test_a_threshold_is_above_zero(threshold):
    with pytest.raises(ValueError, match="threshold must be above 0"):
        HardThresholding(threshold)

"""Thresholding, Masking and GradientFreezing, alone and together."""

from copy import deepcopy
from functools import partial

import pytest
import torch
from torch.optim import SGD, Adam, AdamW

from callbacks.gradient_freezing import GradientFreezing
from callbacks.masking import Masking
from callbacks.thresholding import Thresholding
from lightning_modules.classifier import Classifier
from scalegmn.pruning import Mask, keep_top, magnitude, random

OPTIMIZERS = [
    partial(Adam, lr=1e-2),
    partial(AdamW, lr=1e-2, weight_decay=0.5),
    partial(SGD, lr=1e-1, momentum=0.9, weight_decay=1e-2, nesterov=True),
]
CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


def zeros(net):
    return {name: p == 0 for name, p in net.named_parameters() if p.ndim > 1}


def fit(net, data, make_trainer, callbacks, optimizer=OPTIMIZERS[0], **kwargs):
    module = Classifier(net, optimizer=optimizer)
    trainer = make_trainer(max_epochs=2, callbacks=callbacks, **kwargs)
    trainer.fit(module, datamodule=data)
    return module


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: o.func.__name__)
@pytest.mark.parametrize(
    "keeping", [[Masking()], [Masking(), GradientFreezing()]], ids=["masked", "and frozen"]
)
def test_zeros_are_exactly_the_masks(net, data, make_trainer, optimizer, keeping):
    before = deepcopy(net)
    threshold = Thresholding(magnitude, keep_top, sparsity=0.73)
    module = fit(net, data, make_trainer, [threshold, *keeping], optimizer)
    found = zeros(net)
    total = sum(z.numel() for z in found.values())
    assert sum(int(z.sum()) for z in found.values()) == int(total * 0.73)
    for name, keep in module.mask.keep.items():
        assert torch.equal(found[name], ~keep)
    kept = module.mask.keep["2.weight"]
    assert not torch.equal(before[2].weight[kept], net[2].weight[kept])


def test_without_masking_momentum_brings_weights_back(net, data, make_trainer):
    threshold = Thresholding(magnitude, keep_top, sparsity=0.73)
    fit(net, data, make_trainer, [threshold])
    assert sum(int(z.sum()) for z in zeros(net).values()) < 10


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: o.func.__name__)
@pytest.mark.parametrize(
    ("accelerator", "precision"),
    [
        ("cpu", "bf16-mixed"),
        pytest.param("cuda", "bf16-mixed", marks=CUDA),
        pytest.param("cuda", "16-mixed", marks=CUDA),
    ],
)
def test_masks_hold_in_half_precision(net, data, make_trainer, optimizer, accelerator, precision):
    callbacks = [Thresholding(magnitude, keep_top, sparsity=0.5), Masking(), GradientFreezing()]
    half = {"accelerator": accelerator, "precision": precision, "gradient_clip_val": 1.0}
    before = deepcopy(net)
    module = fit(net, data, make_trainer, callbacks, optimizer, **half)
    for name, keep in module.mask.keep.items():
        assert torch.equal(zeros(net)[name].cpu(), ~keep.cpu())
    assert net[2].weight.dtype == torch.float32 and zeros(net)["2.weight"].any()
    assert not torch.equal(before[2].weight != 0, net[2].weight.cpu() != 0)
    assert not torch.equal(before[4].bias, net[4].bias.cpu())


def test_a_frozen_weight_has_no_gradient_and_no_memory(net, data, make_trainer):
    module = Classifier(net, optimizer=partial(SGD, lr=0.1, momentum=0.9))
    make_trainer(max_epochs=1).fit(module, datamodule=data)

    class Warm(Thresholding):
        """Starts with the momentum of an unmasked fit."""

        def on_train_start(self, trainer, pl_module):
            for parameter in trainer.optimizers[0].param_groups[0]["params"]:
                state = trainer.optimizers[0].state[parameter]
                state["momentum_buffer"] = torch.ones_like(parameter)

    callbacks = [Warm(magnitude, keep_top, sparsity=0.6), GradientFreezing()]
    trainer = make_trainer(max_epochs=1, limit_train_batches=1, callbacks=callbacks)
    trainer.fit(module, datamodule=data)
    weight, keep = net[2].weight, module.mask.keep["2.weight"]
    momentum = trainer.optimizers[0].state[weight]["momentum_buffer"]
    assert (momentum[~keep] == 0).all() and (weight[~keep] == 0).all()
    assert (momentum[keep] != 0).all()


def test_a_checkpoint_keeps_the_mask(net):
    threshold = Thresholding(partial(random, seed=0), keep_top, sparsity=0.5)
    threshold._mask = threshold.choose(net)
    other = Thresholding(partial(random, seed=1), keep_top, sparsity=0.5)
    other.load_state_dict(threshold.state_dict())
    for name, keep in threshold._mask.keep.items():
        assert torch.equal(other._mask.keep[name], keep)


@pytest.mark.parametrize("sparsity", [-0.1, 1.0])
def test_sparsity_is_a_fraction(sparsity):
    with pytest.raises(ValueError, match="at least 0 and below 1"):
        Thresholding(magnitude, keep_top, sparsity=sparsity)


def test_a_mask_of_nothing_changes_nothing(net, data, make_trainer):
    module = Classifier(net)
    assert module.mask is None
    make_trainer(fast_dev_run=True, callbacks=[Masking(), GradientFreezing()]).fit(
        module, datamodule=data
    )
    assert not isinstance(module.mask, Mask)

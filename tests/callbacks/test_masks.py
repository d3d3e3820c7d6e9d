"""Thresholding, Masking and GradientFreezing, alone and together."""

from copy import deepcopy
from functools import partial

import pytest
import torch
from lightning import Callback
from torch import nn
from torch.optim import SGD, Adam, AdamW, RMSprop

from callbacks import GradientFreezing, Masking, Thresholding
from scalegmn.pruning import Mask, allocate_uniformly, magnitude, make_mask, random, snip

OPTIMIZERS = {
    "Adam": partial(Adam, lr=1e-2),
    "Adam, decay": partial(Adam, lr=1e-2, weight_decay=0.5),
    "AdamW": partial(AdamW, lr=1e-2, weight_decay=0.5),
    "SGD": partial(SGD, lr=1e-1, momentum=0.9, weight_decay=1e-2, nesterov=True),
    "RMSprop": partial(RMSprop, lr=1e-2, momentum=0.9, centered=True),
}
optimizers = pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
KEEPING = {
    "masked": lambda: [Masking()],
    "masked and frozen": lambda: [Masking(), GradientFreezing()],
}


def zeros(net):
    return {name: p.detach() == 0 for name, p in net.named_parameters() if p.ndim > 1}


def assert_zeros_are(net, mask):
    found = zeros(net)
    assert found.keys() == mask.keep.keys()
    for name, keep in mask.keep.items():
        assert torch.equal(found[name].cpu(), ~keep.cpu())


class Watch(Callback):
    """Checks the zeros after every batch, not only at the end."""

    def __init__(self):
        self.seen = 0

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        masking = next(c for c in trainer.callbacks if isinstance(c, Masking))
        assert_zeros_are(pl_module.net, masking.mask)
        self.seen += 1


@pytest.fixture
def fit(data, make_trainer, module_of):
    def fit(net, callbacks, optimizer=OPTIMIZERS["Adam"], ckpt_path=None, **kwargs):
        trainer = make_trainer(**{"max_epochs": 2, "callbacks": callbacks, **kwargs})
        trainer.fit(module_of(net, optimizer), **data, ckpt_path=ckpt_path, weights_only=True)
        return trainer

    return fit


@optimizers
@pytest.mark.parametrize("keeping", KEEPING.values(), ids=KEEPING)
def test_zeros_are_exactly_the_mask_after_every_batch(net, fit, optimizer, keeping):
    before, watch = deepcopy(net), Watch()
    threshold = Thresholding(magnitude, sparsity=0.73)
    # In this order, masks are read after the pruning all the same.
    fit(net, [*keeping(), threshold, watch], optimizer)
    assert watch.seen == 10
    expected = make_mask(magnitude(before), 0.73)
    assert_zeros_are(net, expected)
    assert sum(int(z.sum()) for z in zeros(net).values()) == int(144 * 0.73)
    kept = expected.keep["0.weight"]
    assert not torch.equal(before[0].weight[kept], net[0].weight[kept])
    assert not torch.equal(before[2].bias, net[2].bias)


def test_without_masking_momentum_brings_weights_back(net, fit):
    fit(net, [Thresholding(magnitude, sparsity=0.73)])
    assert sum(int(z.sum()) for z in zeros(net).values()) < 20


@optimizers
@pytest.mark.parametrize(
    ("accelerator", "precision"),
    [
        ("cpu", "bf16-mixed"),
        pytest.param("cuda", "bf16-mixed", marks=CUDA),
        pytest.param("cuda", "16-mixed", marks=CUDA),
    ],
)
def test_masks_hold_in_half_precision(net, fit, optimizer, accelerator, precision):
    callbacks = [Thresholding(magnitude, sparsity=0.5), Masking(), GradientFreezing(), Watch()]
    half = {"accelerator": accelerator, "precision": precision, "gradient_clip_val": 1.0}
    before = deepcopy(net)
    fit(net, callbacks, optimizer, **half)
    assert_zeros_are(net, make_mask(magnitude(before), 0.5))
    assert net[0].weight.dtype == torch.float32
    assert not torch.equal(before[2].bias, net[2].bias.cpu())


@optimizers
def test_freezing_alone_keeps_what_starts_at_zero(net, fit, optimizer):
    mask = make_mask(magnitude(net), 0.6)
    mask.apply_(net)
    fit(net, [GradientFreezing()], optimizer)
    assert_zeros_are(net, mask)


class Warm(Callback):
    """Gives the optimizer moments, as a checkpoint does."""

    def on_train_start(self, trainer, pl_module):
        for parameter in trainer.optimizers[0].param_groups[0]["params"]:
            state = trainer.optimizers[0].state[parameter]
            state["momentum_buffer"] = torch.ones_like(parameter)


class Norms(Callback):
    """Records the norm of the gradient that clipping would see."""

    def __init__(self):
        self.grads = {}

    def on_before_optimizer_step(self, trainer, pl_module, optimizer):
        self.grads = {n: p.grad.clone() for n, p in pl_module.net.named_parameters()}


def test_a_frozen_weight_has_no_gradient_and_no_moment(net, fit):
    frozen, norms = GradientFreezing(), Norms()
    callbacks = [Warm(), Thresholding(magnitude, sparsity=0.6), frozen, norms]
    optimizer = partial(SGD, lr=0.1, momentum=0.9)
    trainer = fit(net, callbacks, optimizer, max_epochs=1, limit_train_batches=1)
    keep = frozen.mask.keep["0.weight"]
    momentum = trainer.optimizers[0].state[net[0].weight]["momentum_buffer"]
    for value in (momentum, net[0].weight, norms.grads["0.weight"]):
        assert (value[~keep] == 0).all() and (value[keep] != 0).any()
    assert (trainer.optimizers[0].state[net[0].bias]["momentum_buffer"] != 0).all()


def test_a_given_mask_is_applied_and_kept_biases_included(net, fit):
    mask = make_mask(magnitude(net, prune_biases=True), 0.5)
    fit(net, [Masking(mask), GradientFreezing(mask)])
    assert mask.keep.keys() == dict(net.named_parameters()).keys()
    for name, keep in mask.keep.items():
        assert (net.get_parameter(name)[~keep] == 0).all()


def test_the_network_may_be_anywhere_in_the_module(net, fit):
    outer = nn.Sequential(nn.Identity(), nn.ModuleDict({"inner": net}))
    outer.forward = net.forward
    path = "net.1.inner"
    fit(outer, [Thresholding(magnitude, sparsity=0.5, net=path), Masking(net=path)])
    assert sum(int(z.sum()) for z in zeros(net).values()) == 72
    masking = Masking(net="")
    fit(outer, [masking])
    assert masking.mask.keep.keys() == {"net.1.inner.0.weight", "net.1.inner.2.weight"}


@pytest.mark.parametrize("callback", [Masking, GradientFreezing])
def test_a_mask_of_another_network_is_refused(net, fit, callback):
    with pytest.raises(ValueError, match=r"mask covers 7\.weight, which the network does not have"):
        fit(net, [callback(Mask({"7.weight": torch.ones(2, 2, dtype=torch.bool)}))])


def test_a_callback_without_a_mask_reads_it_anew_in_each_fit(net, fit):
    masking = Masking()
    fit(net, [masking])
    assert masking.mask.sparsity == 0
    mask = make_mask(magnitude(net), 0.5)
    mask.apply_(net)
    fit(net, [masking])
    assert_zeros_are(net, mask)


def test_tensors_share_the_sparsity_that_is_allocated(net, fit):
    fit(net, [Thresholding(magnitude, sparsity=0.5, allocate=allocate_uniformly), Masking()])
    assert {name: int(z.sum()) for name, z in zeros(net).items()} == {
        "0.weight": 48,
        "2.weight": 24,
    }


def test_a_score_sees_the_training_batches(net, fit):
    seen = []

    def score(net, data):
        seen.extend(len(y) for _, y in data)
        return snip(net, data, batches=2)

    threshold = Thresholding(score, sparsity=0.5)
    fit(net, [threshold, Masking()])
    assert seen == [16] * 5
    assert_zeros_are(net, threshold.mask)


@pytest.mark.parametrize("sparsity", [-0.1, 1.0, float("nan")])
def test_sparsity_is_a_fraction(sparsity):
    with pytest.raises(ValueError, match="at least 0 and below 1"):
        Thresholding(magnitude, sparsity=sparsity)


def callbacks(seed=0):
    threshold = Thresholding(partial(random, seed=seed), sparsity=0.5)
    return [threshold, Masking(), GradientFreezing()]


def test_a_resumed_fit_is_the_uninterrupted_one(net, fit, tmp_path):
    start, file = deepcopy(net.state_dict()), tmp_path / "one.ckpt"
    torch.manual_seed(1)
    fit(net, callbacks(), max_epochs=1).save_checkpoint(file)
    resumed = callbacks(seed=1)  # another mask, if it were drawn again
    fit(net, resumed, max_epochs=3, ckpt_path=file)
    ended = deepcopy(net.state_dict())
    for callback in resumed:
        assert_zeros_are(net, callback.mask)

    net.load_state_dict(start)
    torch.manual_seed(1)
    fit(net, callbacks(), max_epochs=3)
    for name, tensor in net.state_dict().items():
        assert torch.equal(ended[name], tensor)

from copy import deepcopy
from functools import partial

import pytest
import torch
from lightning import Callback
from torch.optim import SGD, AdamW

from callbacks import GradualPruning
from scalegmn.pruning import Mask, cubic_sparsity, load_masked, magnitude, random

WEIGHTS = 144
OPTIMIZERS = {
    "AdamW": partial(AdamW, lr=1e-2, weight_decay=0.5),
    "SGD": partial(SGD, lr=1e-1, momentum=0.9, weight_decay=1e-2, nesterov=True),
}


def zeros(net):
    return sum(int((p == 0).sum()) for p in net.parameters() if p.ndim > 1)


class Watch(Callback):
    """Records what is zero after every batch, and what the optimizer sees of it."""

    def __init__(self):
        self.masks, self.clean = [], []

    def on_before_optimizer_step(self, trainer, pl_module, optimizer):
        if self.masks:
            net, keep = pl_module.net, self.masks[-1].keep
            state = [v for n in keep for v in optimizer.state[net.get_parameter(n)].values()]
            tensors = [net.get_parameter(n).grad for n in keep] + state
            self.clean += [
                not tensor[~k].any()
                for tensor in tensors
                for k in keep.values()
                if torch.is_tensor(tensor) and tensor.shape == k.shape
            ]

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        self.masks.append(Mask.of_zeros(pl_module.net))


@pytest.fixture
def fit(data, make_trainer, module_of):
    def fit(net, *callbacks, optimizer=OPTIMIZERS["AdamW"], ckpt_path=None, **kwargs):
        trainer = make_trainer(**{"max_epochs": 4, "callbacks": list(callbacks), **kwargs})
        trainer.fit(module_of(net, optimizer), **data, ckpt_path=ckpt_path, weights_only=True)
        return trainer

    return fit


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_zeros_follow_the_schedule_and_nothing_comes_back(net, fit, optimizer):
    pruning, watch = GradualPruning(magnitude, sparsity=0.9, every_n_steps=3), Watch()
    fit(net, pruning, watch, optimizer=optimizer, gradient_clip_val=1.0)
    # Twenty steps, three quarters of which prune.
    for step, mask in enumerate(watch.masks, 1):
        last = step if step % 3 == 0 or step >= 15 else step - step % 3
        expected = cubic_sparsity(last, final=0.9, end=15)
        assert round(mask.sparsity * WEIGHTS) == int(WEIGHTS * expected)
    for outer, inner in zip(watch.masks, watch.masks[1:], strict=False):
        assert not any((inner.keep[name] & ~outer.keep[name]).any() for name in outer.keep)
    assert len(watch.clean) > 50 and all(watch.clean)
    assert zeros(net) == int(WEIGHTS * 0.9)


def test_whatever_the_scores_say_nothing_comes_back(net, fit):
    seeds, watch = iter(range(100)), Watch()
    pruning = GradualPruning(
        lambda net, data: random(net, seed=next(seeds)), sparsity=0.9, every_n_steps=1
    )
    fit(net, pruning, watch)
    for outer, inner in zip(watch.masks, watch.masks[1:], strict=False):
        assert not any((inner.keep[name] & ~outer.keep[name]).any() for name in outer.keep)
    assert zeros(net) == int(WEIGHTS * 0.9)


def test_the_smallest_of_what_is_left_go(net, fit):
    class Before(Callback):
        def on_train_batch_end(self, trainer, pl_module, *args):
            self.seen = magnitude(pl_module.net)

    before = Before()
    pruning = GradualPruning(magnitude, sparsity=0.5, every_n_steps=100, ramp=1.0)
    # The only mask is that of the last step.
    fit(net, before, pruning, max_epochs=1)
    flat = torch.cat([before.seen[name].flatten() for name in pruning.mask.keep])
    keep = torch.cat([k.flatten() for k in pruning.mask.keep.values()])
    assert flat[keep].min() > flat[~keep].max() and int(keep.sum()) == WEIGHTS // 2


def milestones(folder, *sparsities):
    return {s: folder / f"{s}.safetensors" for s in sparsities}


def test_a_milestone_is_the_network_when_the_schedule_passes_it(net, fit, tmp_path):
    class Weights(Callback):
        """The weights after each step and before the mask that it may bring."""

        def __init__(self):
            self.seen = []

        def on_train_batch_end(self, trainer, pl_module, *args):
            self.seen.append(deepcopy(pl_module.net))

    files = milestones(tmp_path, 0.0, 0.3, 0.4, 0.8)
    start, weights = deepcopy(net), Weights()
    pruning = GradualPruning(magnitude, sparsity=0.8, milestones=files, every_n_steps=2)
    fit(net, weights, pruning)
    # The first even step whose sparsity, 0.8 (1 - (1 - t / 15)^3), is at least that: both at once.
    passed = {0.0: start, 0.3: weights.seen[3], 0.4: weights.seen[3], 0.8: net}
    assert cubic_sparsity(2, final=0.8, end=15) < 0.3 < 0.4 < cubic_sparsity(4, final=0.8, end=15)
    assert pruning.epochs == {0.0: 0, 0.3: 1, 0.4: 1}
    for sparsity, file in files.items():
        saved = deepcopy(net)
        mask = load_masked(file, saved)
        assert round(mask.sparsity * WEIGHTS) == int(WEIGHTS * sparsity) == zeros(saved)
        for name, tensor in mask.apply(passed[sparsity].state_dict()).items():
            assert torch.equal(saved.state_dict()[name], tensor)


def test_a_resumed_fit_is_the_uninterrupted_one(net, fit, tmp_path):
    (tmp_path / "whole").mkdir()
    start = deepcopy(net.state_dict())

    def pruning(folder):
        files = milestones(folder, 0.3, 0.6, 0.9)
        return GradualPruning(magnitude, sparsity=0.9, milestones=files, every_n_steps=4)

    torch.manual_seed(1)
    whole = pruning(tmp_path / "whole")
    fit(net, whole)
    expected = deepcopy(net.state_dict())
    for epochs in (1, 2, 4):
        folder = tmp_path / f"{epochs}"
        folder.mkdir()
        net.load_state_dict(start)
        torch.manual_seed(1)
        # A fit that will be four epochs long, stopped.
        first = fit(net, pruning(folder), Stop(epochs))
        first.save_checkpoint(folder / "one.ckpt")
        for file in (f for f in folder.glob("0.9*") if epochs < 4):
            pytest.fail(f"{file} is there before the end")
        resumed = pruning(folder)
        fit(net, resumed, ckpt_path=folder / "one.ckpt")
        assert resumed.epochs == whole.epochs and resumed.reached == whole.reached
        for name, tensor in net.state_dict().items():
            assert torch.equal(expected[name], tensor)
        for file in (tmp_path / "whole").iterdir():
            assert file.read_bytes() == (folder / file.name).read_bytes()


class Stop(Callback):
    def __init__(self, epochs):
        self.epochs = epochs

    def on_train_epoch_end(self, trainer, pl_module):
        trainer.should_stop = trainer.current_epoch + 1 == self.epochs


def test_a_callback_prunes_anew_in_each_fit(net, fit):
    pruning = GradualPruning(magnitude, sparsity=0.5, every_n_steps=2)
    start = deepcopy(net)
    fit(net, pruning)
    other, watch = start, Watch()
    fit(other, pruning, watch)
    assert watch.masks[0].sparsity == 0 and zeros(other) == WEIGHTS // 2


def test_any_score_and_allocation_prune(net, fit):
    options = {"allocate": lambda scores, s: {"0.weight": 96, "2.weight": 48 - int(144 * s)}}
    pruning = GradualPruning(partial(random, seed=3), sparsity=0.25, **options)
    fit(net, pruning)
    assert int((net[0].weight == 0).sum()) == 0 and int((net[2].weight == 0).sum()) == 36


def test_each_tensor_keeps_what_it_should_at_least(net, fit):
    with torch.no_grad():
        net[2].weight.mul_(1e-3)
    fit(net, GradualPruning(magnitude, sparsity=0.9, min_per_layer=5, every_n_steps=2))
    assert int((net[2].weight != 0).sum()) == 5 and zeros(net) == int(WEIGHTS * 0.9)


def test_the_metric_is_the_schedule(net, fit):
    trainer = fit(net, GradualPruning(magnitude, sparsity=0.9, every_n_steps=5), max_epochs=1)
    assert trainer.callback_metrics["sparsity"] == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sparsity": 1.0}, "sparsity must be at least 0 and below 1, got 1.0"),
        ({"sparsity": 0.5, "every_n_steps": 0}, "every_n_steps must be at least 1, got 0"),
        ({"sparsity": 0.5, "ramp": 0.0}, "ramp must be above 0 and at most 1, got 0.0"),
        ({"sparsity": 0.5, "milestones": {0.6: "a"}}, "milestone 0.6 is not between 0 and 0.5"),
    ],
)
def test_what_cannot_be_is_refused(arguments, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        GradualPruning(magnitude, **arguments)


def test_a_fit_without_an_end_has_no_schedule(net, fit):
    with pytest.raises(ValueError, match="needs a fit that ends"):
        fit(net, GradualPruning(magnitude, sparsity=0.5), max_epochs=-1)

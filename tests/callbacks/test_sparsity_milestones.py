import logging
from copy import deepcopy
from functools import partial

import lightning as L
import pytest
import torch
from lightning import Callback
from torch import nn
from torch.optim import AdamW
from torch.utils.data import DataLoader

from callbacks import SparsityMilestones, ThresholdWeights
from scalegmn.pruning import load_masked

STEPS = 20


class Shrink(L.LightningModule):
    """Nothing but the L1 norm: every step makes some zeros, many at once."""

    def __init__(self, lr=4e-3):
        super().__init__()
        torch.manual_seed(0)
        self.net, self.lr = nn.Linear(10, 20), lr

    def training_step(self, batch, batch_idx):
        return sum(p.abs().sum() for p in self.net.parameters())

    def configure_optimizers(self):
        return AdamW(self.parameters(), lr=self.lr, weight_decay=1e-2)


class Watch(Callback):
    def __init__(self):
        self.weights = []

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        self.weights.append(pl_module.net.weight.detach().clone())


def zeros(weight):
    return int((weight == 0).sum())


@pytest.fixture
def fit(make_trainer):
    def fit(*callbacks, module=None, epochs=10, ckpt_path=None, **kwargs):
        module = module or Shrink()
        trainer = make_trainer(max_epochs=epochs, callbacks=list(callbacks), **kwargs)
        steps = DataLoader(range(STEPS), batch_size=None)
        trainer.fit(module, steps, ckpt_path=ckpt_path, weights_only=True)
        return trainer

    return fit


def files(folder, *sparsities):
    return {s: folder / f"{s}.safetensors" for s in sparsities}


def loaded(file):
    net = nn.Linear(10, 20)
    return net, load_masked(file, net)


def test_a_candidate_has_exactly_its_zeros(fit, tmp_path):
    asked = files(tmp_path, 0.1, 0.3, 0.302, 0.55, 0.777)
    watch, milestones = Watch(), SparsityMilestones(asked)
    fit(ThresholdWeights(5e-3), milestones, watch)
    overshot = 0
    for sparsity, file in asked.items():
        net, mask = loaded(file)
        step = milestones.passed[sparsity]
        before, now = watch.weights[step - 2], watch.weights[step - 1]
        assert zeros(before) < int(200 * sparsity) <= zeros(now)
        weight = net.weight.detach()
        assert zeros(weight) == int(200 * sparsity)
        assert torch.equal(mask.keep["weight"], weight != 0)
        # As after the step, but for the largest of what went too early.
        back = (now == 0) & (weight != 0)
        assert torch.equal(weight[~back], now[~back]) and torch.equal(weight[back], before[back])
        gone = before[(now == 0) & (weight == 0)].abs().max()
        assert not back.any() or before[back].abs().min() >= gone
        overshot += int(back.sum())
    assert overshot > 0


def test_the_network_is_trained_on_as_if_nothing_was_kept(fit, tmp_path):
    module, plain = Shrink(), Shrink()
    fit(ThresholdWeights(5e-3), SparsityMilestones(files(tmp_path, 0.2, 0.999)), module=module)
    fit(ThresholdWeights(5e-3), module=plain)
    assert torch.equal(module.net.weight, plain.net.weight)


def test_the_fit_ends_after_the_last_one(fit, tmp_path, caplog):
    milestones = SparsityMilestones(files(tmp_path, 0.2, 0.3))
    trainer = fit(ThresholdWeights(5e-3), milestones, epochs=50)
    last = max(milestones.passed.values())
    assert trainer.global_step == STEPS * -(-last // STEPS) < 50 * STEPS
    assert trainer.callback_metrics["sparsity"] == pytest.approx(milestones.zeros / 200)
    assert not [r for r in caplog.records if r.name == "callbacks.sparsity_milestones"]


def test_where_nothing_becomes_zero_any_more_it_ends_and_says_so(fit, tmp_path, caplog):
    milestones = SparsityMilestones(files(tmp_path, 0.1, 0.8, 0.9), patience=2)
    module = Shrink(lr=1e-6)
    with torch.no_grad():
        module.net.weight[:5] = 1e-3
    with caplog.at_level(logging.WARNING):
        trainer = fit(ThresholdWeights(5e-3), milestones, module=module, epochs=50)
    # The first epoch has new zeros, the next two have none.
    assert trainer.global_step == 3 * STEPS and list(milestones.passed) == [0.1]
    (record,) = caplog.records
    assert record.message.startswith("sparsity has stopped growing at 2")
    assert "below 80 and 90 %: nothing has become zero in 2 epochs" in record.message


def test_what_is_passed_before_the_first_step_is_kept(fit, tmp_path):
    module = Shrink(lr=1e-9)
    start = module.net.weight.detach().clone()
    asked = files(tmp_path, 0.0, 0.2)
    milestones = SparsityMilestones(asked)
    fit(ThresholdWeights(0.2), milestones, module=module)
    assert milestones.passed == {0.0: 0, 0.2: 0}
    dense, half = (loaded(asked[s])[0].weight.detach() for s in (0.0, 0.2))
    assert torch.equal(dense, start)
    assert zeros(half) == 40 and torch.equal(half[half != 0], start[half != 0])


@pytest.mark.parametrize("epochs", [1, 2, 3])
def test_a_resumed_fit_is_the_uninterrupted_one(fit, tmp_path, epochs):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    sparsities, module = (0.1, 0.4, 0.9), Shrink()
    expected = SparsityMilestones(files(whole, *sparsities))
    trainer = fit(ThresholdWeights(5e-3), expected, module=module)
    assert trainer.current_epoch > 3

    checkpoint = tmp_path / "one.ckpt"
    first = SparsityMilestones(files(broken, *sparsities))
    fit(ThresholdWeights(5e-3), first, epochs=epochs).save_checkpoint(checkpoint)
    resumed, found = Shrink(), SparsityMilestones(files(broken, *sparsities))
    fit(ThresholdWeights(5e-3), found, module=resumed, ckpt_path=checkpoint)
    assert found.passed == expected.passed and found.zeros == expected.zeros
    assert torch.equal(resumed.net.weight, module.net.weight)
    for sparsity in sparsities:
        ours, theirs = (loaded(f / f"{sparsity}.safetensors")[0] for f in (broken, whole))
        assert torch.equal(ours.weight, theirs.weight)


def test_a_fit_that_had_ended_stays_as_it_is(fit, tmp_path):
    checkpoint, module = tmp_path / "one.ckpt", Shrink()
    asked = files(tmp_path, 0.2)
    trainer = fit(ThresholdWeights(5e-3), SparsityMilestones(asked), module=module)
    trainer.save_checkpoint(checkpoint)
    ended = deepcopy(module.net.weight)
    again = fit(
        ThresholdWeights(5e-3), SparsityMilestones(asked), module=module, ckpt_path=checkpoint
    )
    assert again.global_step == trainer.global_step
    assert torch.equal(module.net.weight, ended)


def test_biases_count_if_that_is_asked_for(fit, tmp_path):
    asked = files(tmp_path, 0.5)
    make = partial(ThresholdWeights, 5e-3, prune_biases=True)
    fit(make(), SparsityMilestones(asked, prune_biases=True))
    net, mask = loaded(asked[0.5])
    assert zeros(net.weight) + zeros(net.bias) == 110 and len(mask.keep) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (({},), "there are no milestones"),
        (({1.0: "a.safetensors"},), "a milestone must be at least 0 and below 1, got 1.0"),
        (({0.5: "a.safetensors"}, 0), "patience must be at least 1, got 0"),
    ],
)
def test_what_cannot_be_is_refused(arguments, message):
    files, *patience = arguments
    with pytest.raises(ValueError, match=f"^{message}"):
        SparsityMilestones(files, **({"patience": patience[0]} if patience else {}))

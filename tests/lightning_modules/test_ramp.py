from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call
from torch.optim import SGD

from lightning_modules.equivariant_pruner import EquivariantPruner
from lightning_modules.ramp import Ramp
from scalegmn.pruning import l1
from scalegmn.targets import SmallCNN


@pytest.mark.parametrize(
    ("ramp", "values"),
    [
        (Ramp(1.0), [0, 0.25, 0.5, 1, 1]),
        (Ramp(0.5), [0, 0.5, 1, 1, 1]),
        (Ramp(1.0, power=3.0), [0, 1 - 0.75**3, 0.875, 1, 1]),
    ],
    ids=str,
)
def test_the_factor_grows_from_zero_to_one(ramp, values):
    assert [ramp(done) for done in (0.0, 0.25, 0.5, 1.0, 1.5)] == pytest.approx(values)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"fraction": 0.0}, "model.ramp.fraction must be a number above 0 and at most 1, got 0.0"),
        ({"fraction": 1.5}, "model.ramp.fraction must be a number above 0 and at most 1, got 1.5"),
        ({"fraction": 1.0, "power": 0.0}, "model.ramp.power must be a number above 0, got 0.0"),
    ],
)
def test_numbers_out_of_range_are_refused(given, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        Ramp(**given)


class Shrink(nn.Module):
    """A stand-in for an operator: multiplies all parameters by one learned factor."""

    def __init__(self, graph):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(0.9))

    def forward(self, graph, params):
        return {name: self.factor * p for name, p in params.items()}


def pruner(ramp, lr=1e-3, **options):
    return EquivariantPruner(
        SmallCNN(width=4),
        operator=Shrink,
        image_shape=(1, 32, 32),
        l1_weight=1e-2,
        optimizer=partial(SGD, lr=lr),
        ramp=ramp,
        **options,
    )


@pytest.mark.parametrize("batches_per_step", [1, 3])
def test_each_step_has_the_weight_of_its_place_in_the_training(
    make_trainer, data, float64, batches_per_step
):
    module = pruner(Ramp(0.8), batches_per_operator_step=batches_per_step)
    target = dict(module.target.named_parameters())
    make_trainer(max_epochs=1, precision="64-true").fit(module, datamodule=data)

    batches = [(x.double(), y) for x, y in data.train_dataloader()]
    assert len(batches) == 7
    factor = torch.tensor(0.9, requires_grad=True)
    for first in range(0, 7, batches_per_step):
        theta = {name: factor * p.double() for name, p in target.items()}
        step = batches[first : first + batches_per_step]
        errors = [F.cross_entropy(functional_call(module.target, theta, (x,)), y) for x, y in step]
        weight = 1e-2 * min(1, first / 7 / 0.8)
        loss = torch.stack(errors).mean() + weight * l1(theta)
        (gradient,) = torch.autograd.grad(loss, factor)
        factor = (factor - 1e-3 * gradient).detach().requires_grad_()
    assert module.operator.factor.item() == pytest.approx(factor.item(), rel=1e-6)


def test_epochs_are_compared_with_the_full_weight(make_trainer, data):
    module = pruner(Ramp(1.0), lr=0.0)
    trainer = make_trainer(max_epochs=3)
    trainer.fit(module, datamodule=data)
    found = {name: float(v) for name, v in trainer.callback_metrics.items()}
    norm = float(l1(module.rewritten()))
    assert found["val/total"] == pytest.approx(found["val/loss"] + 1e-2 * norm, rel=1e-5)
    # The last batch of seven of the last epoch of three.
    assert found["train/l1_weight"] == pytest.approx(1e-2 * (2 + 6 / 7) / 3, rel=1e-5)


def test_without_a_ramp_the_weight_is_full(make_trainer, data):
    module = pruner(None, lr=0.0)
    trainer = make_trainer()
    trainer.fit(module, datamodule=data)
    assert "train/l1_weight" not in trainer.callback_metrics
    with torch.no_grad():
        x, y = (torch.cat(parts) for parts in zip(*data.train_dataloader(), strict=True))
        error = F.cross_entropy(functional_call(module.target, module.rewritten(), (x,)), y)
    expected = float(error) + 1e-2 * float(l1(module.rewritten()))
    assert float(trainer.callback_metrics["train/loss"]) == pytest.approx(expected, rel=1e-5)

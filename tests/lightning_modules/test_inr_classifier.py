from functools import partial

import pytest
import torch
from torch.utils.data import DataLoader

from lightning_modules.inr_classifier import INRClassifier
from scalegmn.inr import INRBatch, initial_parameters
from scalegmn.nn import Architecture, Bidirectional, Sign
from scalegmn.predictor import Metanetwork, RawMLP, StatNN
from scalegmn.readout import last_layer
from scalegmn.targets import Siren


def batch_of(siren, count=8):
    """INRs whose brightness tells their class."""
    params = initial_parameters(siren, range(count))
    params = {n: p + 0.02 * torch.randn_like(p) for n, p in params.items()}
    label = torch.arange(count) % 4
    last = list(params)[-1]
    params[last] = params[last] + label.unsqueeze(-1)
    return INRBatch(params, label, None)


def classifier(siren, recipe):
    return INRClassifier(siren, 4, recipe=recipe, optimizer=partial(torch.optim.Adam, lr=1e-2))


def fitted(module, batch, make_trainer, epochs):
    loader = DataLoader([0], collate_fn=lambda rows: batch)
    trainer = make_trainer(max_epochs=epochs)
    trainer.fit(module, loader, loader)
    return trainer.callback_metrics


SMALL = Architecture(kind=Sign(), d=8, num_layers=2, preserve_size=True)
BOTH = Architecture(kind=Sign(), direction=Bidirectional(), d=8, num_layers=2, preserve_size=True)
RECIPES = [
    Metanetwork(SMALL, last_layer),
    Metanetwork(BOTH),
    RawMLP(d=16, num_layers=1),
    StatNN(d=16, num_layers=1),
]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda r: r.name)
def test_classes_are_learnt(recipe, make_trainer):
    siren = Siren(1, (4, 5))
    metrics = fitted(classifier(siren, recipe), batch_of(siren), make_trainer, 40)
    assert metrics["val/accuracy"] >= 0.75 and metrics["val/loss"] < 1.0


def test_larger_sirens_train(make_trainer):
    """A complaint about the published code: it fails on more and wider layers."""
    siren = Siren(1, (128, 128, 128))
    batch = batch_of(siren, 4)
    module = classifier(siren, Metanetwork(SMALL, last_layer))
    before = torch.nn.functional.cross_entropy(module(batch), batch.label).item()
    metrics = fitted(module, batch, make_trainer, 12)
    assert metrics["val/loss"] < before - 0.05


def test_the_reader_has_an_output_per_class():
    siren = Siren(3, (4,))
    assert classifier(siren, RECIPES[0])(batch_of(siren)).shape == (8, 4)

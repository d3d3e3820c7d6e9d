from dataclasses import replace
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader

from lightning_modules.inr_classifier import INRClassifier
from scalegmn.inr import INRBatch, absorb_frequency, initial_parameters
from scalegmn.nn import Architecture, Bidirectional, PlainIO, Sign
from scalegmn.predictor import Metanetwork, RawMLP, StatNN
from scalegmn.readout import full_graph, last_layer
from scalegmn.symmetry import PermScale
from scalegmn.targets import Siren

SIREN = Siren(1, (4, 5))


def batch_of(siren, count=8):
    """INRs whose brightness tells their class."""
    params = initial_parameters(siren, range(count))
    params = {n: p + 0.02 * torch.randn_like(p) for n, p in params.items()}
    label = torch.arange(count) % 4
    last = list(params)[-1]
    params[last] = params[last] + label.unsqueeze(-1)
    return INRBatch(params, label, None)


def classifier(siren, recipe, lr=1e-2):
    return INRClassifier(siren, 4, recipe=recipe, optimizer=partial(torch.optim.Adam, lr=lr))


def losses(module, batch, steps):
    """The loss in each step of a training, and after it."""
    optimizer, found = module.configure_optimizers(), []
    for _ in range(steps):
        loss = F.cross_entropy(module(batch), batch.label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return [*found, F.cross_entropy(module(batch), batch.label).item()]


SMALL = Architecture(kind=Sign(), d=8, num_layers=2, preserve_size=True)
BOTH = Architecture(kind=Sign(), direction=Bidirectional(), d=8, num_layers=2, preserve_size=True)
RECIPES = [
    Metanetwork(SMALL, last_layer),
    Metanetwork(BOTH),
    RawMLP(d=16, num_layers=1),
    StatNN(d=16, num_layers=1),
]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda r: r.name)
def test_classes_are_learnt(recipe):
    assert losses(classifier(SIREN, recipe), batch_of(SIREN), 30)[-1] < 1.0


def test_the_full_graph_sees_hidden_units_that_nothing_reads():
    """Weights behind the hidden units are zero, and what is before them tells the class."""
    batch = batch_of(SIREN)
    hidden = {n: p for n, p in batch.parameters.items() if n.startswith("seq.0")}
    params = {n: torch.zeros_like(p) for n, p in batch.parameters.items()}
    params |= {n: p * (1 + batch.label.view(-1, *[1] * (p.ndim - 1))) for n, p in hidden.items()}
    batch = batch._replace(parameters=params)
    outputs = losses(classifier(SIREN, Metanetwork(SMALL, last_layer), 3e-3), batch, 10)
    full = losses(classifier(SIREN, Metanetwork(SMALL, full_graph), 3e-3), batch, 60)
    # Four classes at chance have a loss of 1.386.
    assert full[-1] < 0.9 < 1.38 < min(outputs)


def test_the_full_graph_is_invariant():
    module = classifier(SIREN, Metanetwork(SMALL, full_graph)).double()
    params = absorb_frequency(SIREN, batch_of(SIREN).parameters)
    params = {n: p.double() for n, p in params.items()}
    batch = INRBatch(params, torch.arange(8), None)
    other = batch._replace(parameters=PermScale.sample(module.graph).on_parameters(params))
    logits = module(batch)
    assert (module(other) - logits).abs().max() < 1e-9 * logits.std(0).max()
    assert logits.std(0).max() > 1e-2


def test_larger_sirens_train():
    """A complaint about the published code: it fails on more and wider layers."""
    siren = Siren(1, (128, 128, 128))
    params = absorb_frequency(siren, initial_parameters(siren, range(4)))
    # The first layer, which is four layers away from the output, tells the classes.
    params["seq.0.weight"] = params["seq.0.weight"] * (1 + torch.arange(4).view(-1, 1, 1))
    batch = INRBatch(params, torch.arange(4), None)
    arch = replace(SMALL, kind=Sign(symmetrized=False), io=PlainIO(separate=True), num_layers=4)
    recipe = Metanetwork(replace(arch, skip=True), last_layer)
    found = losses(classifier(siren.with_frequency(1.0), recipe, 5e-3), batch, 30)
    # Four classes at chance have a loss of 1.386.
    assert found[0] > 1.3 and found[-1] < 1.0


def test_a_trainer_trains_and_validates_it(make_trainer):
    batch, module = batch_of(SIREN), classifier(SIREN, RECIPES[2])
    loader = DataLoader([0], collate_fn=lambda rows: batch)
    trainer = make_trainer(max_epochs=2)
    trainer.fit(module, loader, loader)
    accuracy = (module(batch).argmax(-1) == batch.label).float().mean().item()
    assert trainer.callback_metrics["val/accuracy"].item() == pytest.approx(accuracy)


def test_the_reader_has_an_output_per_class():
    siren = Siren(3, (4,))
    assert classifier(siren, RECIPES[0])(batch_of(siren)).shape == (8, 4)

import math
from functools import partial

import pytest
import torch
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader

from lightning_modules.inr_editor import INREditor
from scalegmn.inr import (
    Dilation,
    Fitter,
    Identity,
    INRBatch,
    MetanetworkEditor,
    RawEditor,
    initial_parameters,
    squared_error,
)
from scalegmn.nn import Architecture, Bidirectional, Forward, Permutation, PlainIO, Sign
from scalegmn.symmetry import PermScale
from scalegmn.targets import Siren

SIREN = Siren(1, (4, 4))


def architecture(direction=None, kind=None):
    return Architecture(
        kind=kind or Sign(symmetrized=False),
        direction=direction or Forward(),
        io=PlainIO(separate=True),
        d=8,
        num_layers=2,
        skip=True,
    )


@pytest.fixture(scope="module")
def batch():
    images = torch.from_numpy(load_digits().images[:2, None]).float() / 16
    params = Fitter(60).fit(SIREN, initial_parameters(SIREN, range(2)), images)
    return INRBatch(params, torch.arange(2), images)


def editor(config=None, edit=None, lr=1e-3):
    return INREditor(
        SIREN,
        8,
        operator=config or MetanetworkEditor(architecture()),
        edit=edit or Dilation(),
        optimizer=partial(torch.optim.Adam, lr=lr),
    )


def trained(module, batch, steps, lr):
    """The error after a training whose rate ends at zero."""
    optimizer = module.configure_optimizers()
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = lr * (1 + math.cos(math.pi * step / steps)) / 2
        optimizer.zero_grad()
        module.errors(batch).mean().backward()
        optimizer.step()
    return module.errors(batch).mean().item()


@pytest.mark.parametrize("direction", [Forward(), Bidirectional()], ids=["forward", "both"])
def test_the_identity_is_learnt_to_rounding(batch, direction):
    """A complaint about the published code: it does not converge to no edit at all."""
    module = editor(MetanetworkEditor(architecture(direction)), Identity())
    own = batch._replace(images=module.editor.render(batch.parameters).detach())
    before = module.errors(own).mean().item()
    after = trained(module, own, 100, 1e-2)
    # In float32, sines of tens of radians leave errors of some 1e-6, of which this is the square.
    assert after < 3e-10 and before > 1000 * after


@pytest.mark.parametrize(
    "config",
    [
        MetanetworkEditor(architecture()),
        MetanetworkEditor(architecture(), heads=4),
        MetanetworkEditor(architecture(kind=Permutation())),
        RawEditor(d=16, num_layers=1),
    ],
    ids=lambda config: config.name,
)
def test_dilation_is_learnt(batch, config):
    module = editor(config)
    unedited = squared_error(module.editor.render(batch.parameters), Dilation()(batch.images))
    assert trained(module, batch, 20, 2e-2) < 0.8 * unedited.mean()


def test_equal_inrs_are_edited_to_equal_images(batch):
    module = editor(MetanetworkEditor(architecture(), out_scale=1.0, heads=2)).double()
    params = {n: p.double() for n, p in batch.parameters.items()}
    graph = module.editor.graph
    other = PermScale.sample(graph).on_parameters(params)
    images = module.editor(params)
    assert (module.editor(other) - images).abs().max() < 1e-9
    assert (images - module.editor.render(params)).abs().max() > 1e-3


def test_a_trainer_trains_validates_and_tests_it(batch, make_trainer):
    module = editor()
    loader = DataLoader([0], collate_fn=lambda rows: batch)
    trainer = make_trainer(max_epochs=2)
    trainer.fit(module, loader, loader)
    validated = trainer.callback_metrics["val/loss"].item()
    (tested,) = trainer.test(module, loader, verbose=False)
    expected = module.errors(batch).mean().item()
    assert tested["test/loss"] == pytest.approx(expected)
    assert validated == pytest.approx(expected)


def test_examples_are_images_side_by_side(batch):
    module = editor(edit=Identity()).eval()
    shown = module.examples(batch)
    assert list(shown) == ["original", "INR", "target", "edited INR"]
    assert torch.equal(shown["target"], batch.images)
    assert torch.equal(shown["edited INR"], module(batch))


def test_only_the_operator_is_trained(batch):
    module = editor()
    names = {name for name, _ in module.named_parameters()}
    assert names and all(name.startswith("editor.operator.") for name in names)
    module.errors(batch).mean().backward()
    assert all(p.grad is not None for p in module.parameters())


def test_inrs_without_images_are_refused(batch):
    with pytest.raises(ValueError, match="these INRs come without the images"):
        editor().errors(batch._replace(images=None))

from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call
from torch.optim import SGD, Adam

from lightning_modules.mask_pruner import MaskPruner
from scalegmn.graph import NetworkGraph
from scalegmn.nn import Architecture
from scalegmn.pruning import HardConcrete
from scalegmn.scorer import Scorer
from scalegmn.targets import SmallCNN


def generator_of(seed, step):
    mixed = np.random.SeedSequence([seed, step]).generate_state(1)[0]
    return torch.Generator().manual_seed(int(mixed))


class Learned(nn.Module):
    """A stand-in for a metanetwork: one learned score for each weight."""

    def __init__(self, graph):
        super().__init__()
        shapes = {block.weight: block.shape for block in graph.blocks}
        self.names = list(shapes)
        self.values = nn.ParameterList(torch.randn(shape) for shape in shapes.values())

    def forward(self, graph, params):
        return dict(zip(self.names, self.values, strict=True))


def pruner(operator=Learned, l0_weight=1e-3, lr=1e-2, **options):
    return MaskPruner(
        SmallCNN(width=4),
        operator=operator,
        gates=options.pop("gates", HardConcrete(slope=1.0, start=1.0)),
        image_shape=(1, 32, 32),
        l0_weight=l0_weight,
        seed=options.pop("seed", 0),
        optimizer=options.pop("optimizer", partial(SGD, lr=lr)),
        **options,
    )


def test_validation_sees_gates_without_noise(make_trainer, data):
    module = pruner(lr=0.0)
    trainer = make_trainer()
    trainer.fit(module, datamodule=data)
    found = {name: float(v) for name, v in trainer.callback_metrics.items()}
    theta = {name: p.clone() for name, p in module.target.named_parameters()}
    for name, gate in module.gates.fixed(module.scores()).items():
        theta[name] *= gate
    x, y = (torch.cat(parts) for parts in zip(*data.val_dataloader(), strict=True))
    error = float(F.cross_entropy(functional_call(module.target, theta, (x,)), y))
    expected = float(module.gates.expected_open(module.scores()))
    assert found["val/loss"] == pytest.approx(error, rel=1e-5)
    assert found["val/l0"] == pytest.approx(expected, rel=1e-5)
    assert found["val/total"] == pytest.approx(error + 1e-3 * expected, rel=1e-5)


@pytest.mark.parametrize("batches_per_step", [1, 3])
def test_a_step_follows_the_gradient_through_its_own_gates(
    make_trainer, data, float64, batches_per_step
):
    module = pruner(batches_per_operator_step=batches_per_step)
    values = [v.detach().clone() for v in module.operator.values]
    make_trainer(precision="64-true").fit(module, datamodule=data)

    theta = {name: p.double() for name, p in module.target.named_parameters()}
    batches = [(x.double(), y) for x, y in data.train_dataloader()]
    steps = [batches[i : i + batches_per_step] for i in range(0, 7, batches_per_step)]
    for k, step in enumerate(steps):
        values = [v.detach().requires_grad_() for v in values]
        scores = dict(zip(module.operator.names, values, strict=True))
        gates = module.gates.sample(scores, generator_of(seed=0, step=k))
        gated = theta | {name: theta[name] * gate for name, gate in gates.items()}
        errors = [F.cross_entropy(functional_call(module.target, gated, (x,)), y) for x, y in step]
        loss = torch.stack(errors).mean() + 1e-3 * module.gates.expected_open(scores)
        slopes = torch.autograd.grad(loss, values)
        values = [v - 1e-2 * slope for v, slope in zip(values, slopes, strict=True)]
    for ours, theirs in zip(module.operator.values, values, strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-9, atol=1e-12)


def test_only_the_metanetwork_is_trained_and_closes_gates(make_trainer, data):
    def operator(graph: NetworkGraph) -> Scorer:
        return Scorer(graph, Architecture(d=8, num_layers=2, equivariant_encoding=True, skip=True))

    gates = HardConcrete(slope=1.0, start=-1.0)
    module = pruner(operator, gates=gates, l0_weight=1e-2, optimizer=partial(Adam, lr=1e-2))
    for p in module.target.parameters():
        if p.ndim == 1:  # Zero before a training, and then no input of the metanetwork.
            nn.init.normal_(p, std=0.1)
    dense = {name: p.clone() for name, p in module.target.named_parameters()}
    before = {name: p.clone() for name, p in module.operator.named_parameters()}
    open_before = float(module.gates.expected_open(module.scores()))
    make_trainer(max_epochs=3).fit(module, datamodule=data)
    assert float(module.gates.expected_open(module.scores())) < 0.8 * open_before
    assert any((module.rewritten()[name] == 0).any() for name in module.scores())
    for name, p in module.target.named_parameters():
        assert torch.equal(p, dense[name])
    assert all(not torch.equal(p, before[n]) for n, p in module.operator.named_parameters())


def test_biases_have_no_gates():
    module = pruner()
    rewritten = module.rewritten()
    for name, p in module.target.named_parameters():
        assert torch.equal(rewritten[name], p) == (p.ndim == 1)
    assert module.scores().keys() == {n for n, p in module.target.named_parameters() if p.ndim > 1}
    assert not any(score.requires_grad for score in module.scores().values())


def test_gates_do_not_depend_on_other_random_numbers(make_trainer, data):
    def fitted(seed):
        torch.manual_seed(0)
        module = pruner(seed=seed)
        torch.manual_seed(5 + seed)  # Such as another process has.
        make_trainer().fit(module, datamodule=data)
        return module.scores()

    def at_another_place():
        torch.manual_seed(0)
        module = pruner()
        torch.manual_seed(17)
        make_trainer().fit(module, datamodule=data)
        return module.scores()

    first, again, other = fitted(0), at_another_place(), fitted(1)
    for name, scores in first.items():
        assert torch.equal(scores, again[name])
        assert not torch.equal(scores, other[name])

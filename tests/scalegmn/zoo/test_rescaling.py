"""Copies of networks with other factors of their hidden units."""

import math

import pytest
import torch
from torch import nn
from torch.func import functional_call

from scalegmn.graph import NetworkGraph
from scalegmn.targets import SmallCNN
from scalegmn.zoo import NetworkBatch
from scalegmn.zoo.rescaling import RandomRescaling

SPREAD = 4.0
X = torch.randn(5, 1, 32, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
GRAPH = NetworkGraph.from_module(SmallCNN(1, 3, width=4), X[:1].float())


def network(activation):
    return SmallCNN(1, 3, width=4, activation=activation).double()


def batch(nets, sign):
    parameters = {
        name: torch.stack([dict(net.named_parameters())[name].detach() for net in nets])
        for name, _ in nets[0].named_parameters()
    }
    numbers = torch.rand(len(nets))
    return NetworkBatch(parameters, torch.tensor(sign), numbers, numbers)


def test_functions_labels_and_outputs_stay_and_parameters_do_not():
    nets = [network(nn.ReLU), network(nn.Tanh), network(nn.ReLU)]
    before = batch(nets, [False, True, False])
    noise = torch.tensor([7, 7, 2**31 - 1])
    after = RandomRescaling(GRAPH, SPREAD)(before, noise)
    for i, net in enumerate(nets):
        own = {name: p[i] for name, p in after.parameters.items()}
        assert torch.allclose(functional_call(net, own, (X,)), net(X), rtol=1e-12, atol=1e-14)
        assert not torch.allclose(own["features.3.weight"], net.features[3].weight, rtol=0.1)
    assert torch.equal(after.parameters["fc.bias"], before.parameters["fc.bias"])
    assert torch.equal(after.label, before.label) and torch.equal(after.sign, before.sign)


def test_relu_units_get_factors_up_to_the_spread_and_tanh_units_get_signs():
    # The biases of the first layer are multiplied by the factors.
    ones = {n: torch.ones(4000, *p.shape) for n, p in SmallCNN(1, 3, width=4).named_parameters()}
    sign = torch.arange(4000) % 2 == 1
    many = NetworkBatch(ones, sign, torch.zeros(4000), torch.zeros(4000))
    noise = torch.arange(4000)
    factors = RandomRescaling(GRAPH, SPREAD)(many, noise).parameters["features.0.bias"]
    assert set(factors[1::2].unique().tolist()) == {-1.0, 1.0}
    assert abs(factors[1::2].mean()) < 0.05
    logs = factors[::2].log() / math.log(SPREAD)
    assert logs.abs().max() <= 1 + 1e-6 and abs(logs.mean()) < 0.03
    # Of a uniform distribution on [-1, 1].
    assert logs.square().mean() == pytest.approx(1 / 3, abs=0.02)


def test_a_network_depends_on_its_own_number_alone():
    nets = [network(nn.ReLU) for _ in range(3)]
    rescaling = RandomRescaling(GRAPH, SPREAD)
    together = rescaling(batch(nets, [False] * 3), torch.tensor([1, 2, 3]))
    alone = rescaling(batch(nets[1:2], [False]), torch.tensor([2]))
    for name, p in alone.parameters.items():
        assert torch.equal(p[0], together.parameters[name][1])


@pytest.mark.parametrize("spread", [1.0, 0.5, float("inf")])
def test_a_spread_that_is_no_factor_above_1_is_refused(spread):
    with pytest.raises(ValueError, match="data.rescale"):
        RandomRescaling(GRAPH, spread)

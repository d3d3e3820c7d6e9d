import torch
from torch import nn

from scalegmn.pruning import magnitude


def test_it_is_the_absolute_value_without_gradient():
    net = nn.Linear(4, 3)
    scores = magnitude(net, [])
    assert scores.keys() == {"weight"}
    assert torch.equal(scores["weight"], net.weight.detach().abs())
    assert not scores["weight"].requires_grad


def test_biases_are_prunable_on_request_only():
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4))
    assert list(magnitude(net)) == ["0.weight"]
    every = magnitude(net, prune_biases=True)
    assert {n: s.shape for n, s in every.items()} == {n: p.shape for n, p in net.named_parameters()}

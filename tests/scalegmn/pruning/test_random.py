import pytest
import torch
from torch import nn

from scalegmn.pruning import random


def test_it_depends_on_the_seed_and_the_shapes_alone():
    net, other = nn.Linear(4, 3), nn.Linear(4, 3)
    scores = random(net, [], seed=1)["weight"]
    torch.manual_seed(5)
    assert torch.equal(scores, random(other, [], seed=1)["weight"])
    assert not torch.equal(scores, random(net, [], seed=2)["weight"])


def test_it_leaves_the_global_generator_alone():
    torch.manual_seed(1)
    expected = torch.rand(())
    torch.manual_seed(1)
    random(nn.Identity(), seed=0)
    assert torch.rand(()) == expected


def test_each_entry_is_drawn_independently():
    net = nn.Sequential(nn.Linear(200, 200, bias=False), nn.Linear(200, 200))
    scores = random(net, seed=0, prune_biases=True)
    assert scores.keys() == {"0.weight", "1.weight", "1.bias"}
    flat = torch.cat([s.flatten() for s in scores.values()])
    assert flat.unique().numel() == flat.numel()
    assert flat.mean().item() == pytest.approx(0.5, abs=0.01)

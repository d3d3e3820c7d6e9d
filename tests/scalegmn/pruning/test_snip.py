from copy import deepcopy

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.testing import assert_close

from scalegmn.graph import NetworkGraph
from scalegmn.pruning import snip
from scalegmn.symmetry import PermScale
from scalegmn.targets import SmallCNN

CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


class Net(nn.Module):
    """Has everything that a score could disturb, and a parameter that is not used."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 6, 3)
        self.norm = nn.BatchNorm2d(6)
        self.dropout = nn.Dropout()
        self.last = nn.Linear(6, 10)
        self.unused = nn.Linear(2, 2)

    def forward(self, x):
        h = self.dropout(self.norm(self.first(x)).relu())
        return self.last(h.mean((2, 3)))


def batches(*sizes, image=8):
    return [(torch.randn(n, 1, image, image), torch.randint(10, (n,))) for n in sizes]


def test_it_is_weight_times_gradient_of_the_mean_loss():
    net, data = Net(), batches(5, 3, 4)
    plain = deepcopy(net).eval()
    x, y = (torch.cat(parts) for parts in zip(*data[:2], strict=True))
    F.cross_entropy(plain(x), y).backward()
    scores = snip(net, data, batches=2)
    for name in ("first.weight", "last.weight"):
        weight = plain.get_parameter(name)
        assert_close(scores[name], (weight * weight.grad).abs().detach())
    assert scores.keys() == {"first.weight", "last.weight", "unused.weight"}
    assert (scores["unused.weight"] == 0).all()
    assert not any(s.requires_grad for s in scores.values())


def test_it_is_the_loss_of_a_small_shrinkage(float64):
    net, data = Net().eval(), batches(8)
    scores = snip(net, data)["last.weight"]
    x, y = data[0]
    before = F.cross_entropy(net(x), y)
    with torch.no_grad():
        net.last.weight[2, 3] *= 1 - 1e-6
    change = (F.cross_entropy(net(x), y) - before).abs() / 1e-6
    assert_close(scores[2, 3], change.detach(), rtol=1e-4, atol=0)


def test_the_network_is_left_as_it_was():
    net, data = Net(), batches(4)
    net.norm.eval()
    net.first.requires_grad_(False)
    net.last.weight.grad = torch.ones_like(net.last.weight)
    before = deepcopy(net.state_dict())
    modes = {name: m.training for name, m in net.named_modules()}
    torch.manual_seed(3)
    expected = torch.rand(())
    torch.manual_seed(3)
    with torch.no_grad():
        snip(net, data, prune_biases=True)
    assert torch.rand(()) == expected
    assert {name: m.training for name, m in net.named_modules()} == modes
    assert all(torch.equal(before[name], t) for name, t in net.state_dict().items())
    assert not net.first.weight.requires_grad and net.last.weight.requires_grad
    assert (net.last.weight.grad == 1).all() and net.last.bias.grad is None


def test_it_scores_biases_and_frozen_parameters():
    net = Net().requires_grad_(False)
    scores = snip(net, batches(4), prune_biases=True)
    assert scores.keys() == dict(net.named_parameters()).keys()
    assert (scores["first.weight"] != 0).any() and (scores["last.bias"] != 0).any()


def test_rescaling_hidden_units_leaves_it_unchanged():
    net = SmallCNN().double()
    graph = NetworkGraph.from_module(net, torch.zeros(1, 1, 32, 32, dtype=torch.float64))
    moved = deepcopy(net)
    g = PermScale.sample(graph, spread=10.0)
    scale = PermScale(graph, torch.arange(graph.num_nodes), g.scale.double())
    moved.load_state_dict(scale.on_parameters(dict(net.named_parameters())))
    data = batches(4, image=32)
    ours, theirs = snip(net, data), snip(moved, data)
    assert not any(torch.allclose(p, moved.get_parameter(n)) for n, p in _weights(net))
    for name, score in ours.items():
        assert_close(theirs[name], score, rtol=1e-8, atol=1e-14)


def _weights(net):
    return [(name, p) for name, p in net.named_parameters() if p.ndim > 1]


def test_it_reads_no_more_batches_than_it_uses():
    data = iter(batches(2, 2, 2))
    snip(Net(), data, batches=2)
    assert len(list(data)) == 1


def test_fewer_batches_than_asked_for_are_enough():
    data = batches(3)
    for name, score in snip(net := Net(), data, batches=9).items():
        assert torch.equal(score, snip(net, data)[name])


@pytest.mark.parametrize("count", [0, -1])
def test_it_needs_a_batch(count):
    with pytest.raises(ValueError, match=f"at least 1 batch .* batches={count}"):
        snip(Net(), batches(2), batches=count)
    with pytest.raises(ValueError, match="the data is empty"):
        snip(Net(), [])


@CUDA
def test_it_moves_the_images_to_the_network():
    net, data = Net(), batches(4)
    on_gpu = snip(deepcopy(net).cuda(), data)
    for name, score in snip(net, data).items():
        assert_close(on_gpu[name].cpu(), score, rtol=1e-3, atol=1e-6)

"""A compact network is built again from its architecture and the sizes of its layers."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from scalegmn.graph import fold_batch_norm
from scalegmn.pruning.compaction import changed_sizes, resize, shrink


class Branches(nn.Module):
    """A depthwise convolution, a sum, batch normalisation, a layer without bias."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 6, 3, bias=False), nn.BatchNorm2d(6), nn.ReLU())
        self.depth = nn.Conv2d(6, 6, 3, groups=6, padding=1, bias=False)
        self.head = nn.Linear(6, 3, bias=False)

    def forward(self, x):
        x = self.stem(x)
        return self.head((x + self.depth(x)).relu().mean((2, 3)))


X = torch.zeros(2, 1, 8, 8)


@pytest.fixture
def net():
    net = Branches()
    net(torch.randn(8, 1, 8, 8))
    return net.eval()


@torch.no_grad()
def dead(net):
    net.head.weight[:, :2] = 0
    return net


def test_a_resized_network_takes_the_state_of_the_compact_one(net):
    shrunk = shrink(dead(net), X)
    again = resize(fold_batch_norm(Branches()), shrunk.sizes).eval()
    again.load_state_dict(shrunk.net.state_dict())
    x = torch.randn(4, 1, 8, 8)
    assert_close(again(x), net(x))
    assert again.depth.groups == 4 and again.head.in_features == 4
    assert shrunk.channels == {"stem.0": (6, 4), "depth": (6, 4)}
    assert shrunk.sizes["depth.weight"] == [4, 1, 3, 3] and "head.bias" not in shrunk.sizes


@torch.no_grad()
def test_biases_that_folded_constants_need_are_made_again():
    build = lambda: nn.Sequential(nn.Linear(3, 4), nn.Sigmoid(), nn.Linear(4, 2, bias=False))  # noqa: E731
    net = build()
    net[0].weight[1] = 0
    shrunk = shrink(net, torch.zeros(2, 3))
    assert shrunk.sizes["2.bias"] == [2]
    again = resize(build(), shrunk.sizes)
    again.load_state_dict(shrunk.net.state_dict())
    x = torch.randn(5, 3)
    assert_close(again(x), net(x))


def test_a_network_without_dead_channels_is_left_as_it_is(net):
    shrunk = shrink(net, X)
    assert shrunk.net is net and not shrunk.sizes and not shrunk.channels
    assert isinstance(shrunk.net.stem[1], nn.BatchNorm2d)


def test_the_network_that_is_resized_is_not_changed(net):
    folded = fold_batch_norm(net)
    resize(folded, {"stem.0.weight": [1, 1, 3, 3]})
    assert folded.stem[0].out_channels == 6
    assert changed_sizes(folded, fold_batch_norm(net)) == {}


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"stem.0.weight": [7, 1, 3, 3]}, r"stem\.0\.weight cannot have the size \(7, 1, 3, 3\)"),
        ({"stem.0.weight": [0, 1, 3, 3]}, r"it has \(6, 1, 3, 3\); is it the file of another"),
        ({"stem.0.weight": [5, 1, 3]}, "cannot have the size"),
        ({"stem.0.weight": [5, 1, 3, "3"]}, "cannot have the size"),
        ({"head.bias": [4]}, r"head\.bias cannot have the size \(4,\): it has \(3,\)"),
        ({"nothing.weight": [1]}, "the network has no parameter nothing.weight"),
        ({"stem.2.bias": [1]}, "the network has no parameter stem.2.bias"),
        ({"": [1]}, "the network has no parameter ;"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(net, sizes, message):
    with pytest.raises(ValueError, match=message):
        resize(fold_batch_norm(net), sizes)

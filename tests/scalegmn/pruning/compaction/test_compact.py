"""A compact network computes what the network with dead channels does."""

from copy import deepcopy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from scalegmn.graph import NetworkGraph, Role, fold_batch_norm
from scalegmn.pruning.compaction import compact
from scalegmn.targets import ResNet
from tests.scalegmn.architectures import OTHER, RELU, SIGN, random_cnn
from tests.scalegmn.graph.corpus.branching import BRANCHING

pytestmark = pytest.mark.usefixtures("float64")
NAMES = sorted({*BRANCHING, "ResNet-8"})


def size(net):
    return sum(p.numel() for p in net.parameters())


def plain(net, x):
    """Without batch normalisation, and with biases that are not zero."""
    net = fold_batch_norm(net.eval(), x)
    for name, p in net.named_parameters():
        nn.init.normal_(p, std=0.5 if p.ndim == 1 else 0.3) if "bias" in name else None
    return net


@torch.no_grad()
def kill(net, x, draw):
    """Zero random edges, all edges into or out of random nodes, and whole groups."""
    graph = NetworkGraph.from_module(net, x)
    params = dict(net.named_parameters())
    kernels = [k.clone() for k in graph.kernels({n: p.detach() for n, p in params.items()})]
    dead = []
    for group in graph.groups:
        share = draw.choice([0.0, 0.5, 1.0]) if group.role is Role.HIDDEN else 0.0
        dead.append(torch.tensor([draw.random() < share for _ in range(group.size)]))
    inward = [draw.random() < 0.5 for _ in graph.groups]
    for block, kernel in zip(graph.blocks, kernels, strict=True):
        none = torch.zeros(block.n_out), torch.zeros(block.n_in)
        targets = dead[block.target].double() if inward[block.target] else none[0]
        sources = none[1] if inward[block.source] else dead[block.source].double()
        kernel[block.at_edges(1 - targets, 1 - sources) == 0] = 0
        kernel[torch.rand(len(kernel)) < draw.choice([0.0, 0.3])] = 0
    weights = graph.weights(kernels)
    for name, p in params.items():
        if p.ndim > 1:
            p.copy_(weights[name])
    return net


def check(net, x):
    before = deepcopy(net.state_dict())
    small = compact(net, x)
    y = torch.randn_like(x)
    assert_close(small(y), net(y), rtol=1e-10, atol=1e-10)
    assert type(small) is type(net)
    assert size(small) <= size(net) + sum(m.weight.shape[0] for m in layers(net) if m.bias is None)
    assert all(torch.equal(net.state_dict()[n], p) for n, p in before.items())
    return small


def layers(net):
    return [m for m in net.modules() if isinstance(m, nn.Conv2d | nn.Linear)]


@settings(max_examples=25, deadline=None)
@given(name=st.sampled_from(NAMES), draw=st.randoms(use_true_random=False))
def test_random_branching_networks_with_random_dead_channels(name, draw):
    torch.manual_seed(draw.randint(0, 999))
    build = {**BRANCHING, "ResNet-8": lambda: ResNet(8, num_classes=3)}[name]
    x = torch.randn(2, 3, 16, 16)
    check(kill(plain(build(), x), x, draw), x)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 58), draw=st.randoms(use_true_random=False))
def test_random_sequential_networks_with_random_dead_channels(seed, draw):
    torch.manual_seed(seed)
    net, x = random_cnn(seed, [*RELU, *SIGN, *OTHER])
    check(kill(plain(net, x), x, draw), x)


def cnn(padding=0, mode="zeros"):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3), nn.ReLU(),
        nn.Conv2d(6, 5, 3, padding=padding, padding_mode=mode, bias=False), nn.Sigmoid(),
        nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(20, 2),
    ).eval()  # fmt: skip


X = torch.randn(2, 3, 9, 9, dtype=torch.float64)


@torch.no_grad()
def dead_inputs(net):
    net[0].weight[[1, 4]] = 0
    net[0].bias.fill_(0.7)
    return net


def test_constants_are_folded_into_a_bias_that_is_made():
    small = check(dead_inputs(cnn()), X)
    assert (small[0].out_channels, small[2].in_channels) == (4, 4)
    assert small[2].bias is not None


def test_a_constant_that_zero_padding_bounds_stays():
    small = check(dead_inputs(cnn(padding=1)), X)
    assert small[0].out_channels == 6
    assert small[2].bias is None


def test_constants_are_folded_where_padding_repeats_them():
    assert check(dead_inputs(cnn(padding=1, mode="replicate")), X)[0].out_channels == 4


def test_a_constant_of_zero_needs_no_bias():
    net = dead_inputs(cnn(padding=1))
    nn.init.constant_(net[0].bias, -0.7)  # what the ReLU makes zero
    small = check(net, X)
    assert small[0].out_channels == 4


@torch.no_grad()
def test_unread_channels_go_whatever_the_padding():
    net = cnn(padding=1)
    net[2].weight[:, [0, 2, 3]] = 0
    net[6].weight[:, 4:12] = 0  # two channels of four entries
    small = check(net, X)
    assert (small[0].out_channels, small[2].out_channels, small[6].in_features) == (3, 3, 12)


@torch.no_grad()
def test_a_whole_dead_layer_leaves_one_channel():
    net = cnn()
    net[2].weight.zero_()
    small = check(net, X)
    assert (small[0].out_channels, small[2].out_channels) == (1, 1)


@torch.no_grad()
def test_a_stream_loses_a_channel_only_where_all_of_it_is_dead():
    torch.manual_seed(0)
    net = plain(ResNet(14, num_classes=3), x := torch.randn(2, 3, 16, 16))
    graph = NetworkGraph.from_module(net, x)
    stream = next(k for k, g in enumerate(graph.groups) if g.name == "conv")
    readers = [b.weight for b in graph.blocks if b.source == stream]
    for name in readers[:-1]:
        net.get_parameter(name)[:, 3] = 0
    assert check(net, x).conv.out_channels == 16
    net.get_parameter(readers[-1])[:, 3] = 0
    small = check(net, x)
    assert small.conv.out_channels == small.stage1[1].conv2.out_channels == 15
    assert small.stage1[0].conv1.in_channels == 15


@torch.no_grad()
def test_depthwise_convolutions_shrink():
    torch.manual_seed(0)
    net = plain(BRANCHING["MobileNetV2"](), x := torch.randn(2, 3, 16, 16))
    block = net.features[2].conv
    block[2].weight[:, :3] = 0  # the projection reads three channels no more
    small = check(net, x).features[2].conv
    assert (small[0][0].out_channels, small[1][0].groups, small[2].in_channels) == (5, 5, 5)


def test_params_modes_and_types_are_taken_over():
    net = cnn().float().train()
    net[1].eval()
    params = {n: p.detach().clone() for n, p in net.named_parameters()}
    params["2.weight"][:, 0] = 0
    small = compact(net, X.float(), params)
    assert small[0].out_channels == 5
    assert net[0].out_channels == 6
    assert [m.training for m in small.modules()] == [m.training for m in net.modules()]
    assert small[0].weight.dtype == torch.float32
    assert net[2].weight[:, 0].any()


class Fixed(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 4, 3), nn.Linear(4 * 49, 2)

    def forward(self, x):
        return self.fc(self.conv(x).relu().view(-1, 196))


@torch.no_grad()
def test_code_that_counts_channels_is_refused():
    net = Fixed()
    net.fc.weight[:, :49] = 0
    with pytest.raises(ValueError, match=r"Fixed: does not run with fewer channels: .*flatten\(1"):
        compact(net, X)


class ByKeyword(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.fc = nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3), nn.Linear(4, 3)

    def forward(self, x):
        x = self.b(input=self.a(input=x).sigmoid()).sigmoid()
        return self.fc(input=x.mean((2, 3)))


def test_layers_that_are_called_by_keyword_are_read():
    net, x = ByKeyword(), torch.randn(2, 1, 9, 9)
    net.requires_grad_(False)
    net.a.weight[1] = 0
    net.b.weight[:, 2] = 0
    small = compact(net, x[:1])
    assert size(small) < size(net)
    assert_close(small(x), net(x), rtol=0, atol=1e-10)
    assert not any(p.requires_grad for p in small.parameters())


@pytest.mark.parametrize("dead", [[], [4, 5], [0, 1, 4]])
def test_depthwise_convolutions_that_make_several_channels_of_each(dead):
    net = nn.Sequential(
        *(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 8, 3, groups=4), nn.ReLU()),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3)),
    )
    x = torch.randn(2, 1, 9, 9)
    with torch.no_grad():
        net[2].weight[dead] = 0
        net[6].weight[:, dead] = 0
        assert_close(compact(net, x[:1])(x), net(x), rtol=0, atol=1e-10)

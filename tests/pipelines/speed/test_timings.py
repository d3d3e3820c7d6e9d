"""Networks are timed in PyTorch and in ONNX Runtime, beside each other."""

import pytest
import torch
from torch import nn

from pipelines.speed.sides import fewer_channels, filled
from pipelines.speed.timings import timings
from scalegmn.latency import Latency

X = torch.zeros(2, 1, 6, 6)


@torch.no_grad()
def build():
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(32, 2)
    )
    return net.eval().requires_grad_(False)


def test_every_network_has_its_turn_in_every_engine():
    nets = {"dense": build(), "pruned": build()}
    latency = Latency(batch_sizes=(2,), rounds=3, warm_up=0.01, block=0.001)
    before = torch.get_num_threads()
    found = [t for t in timings(nets, X, latency, [1, 2]) if t.device == "cpu"]
    assert [(t.engine, t.threads, t.network) for t in found] == [
        (engine, threads, network)
        for threads in (1, 2)
        for engine in ("PyTorch", "ONNX Runtime")
        for network in ("dense", "pruned")
    ]
    assert torch.get_num_threads() == before
    for t in found:
        assert 0 < t.milliseconds.lower <= t.milliseconds.median <= t.milliseconds.upper
        assert t.network != "dense" or t.times_as_fast.lower == t.times_as_fast.upper == 1.0


@torch.no_grad()
def test_the_dense_side_has_numbers_instead_of_zeros():
    net = build()
    net[2].weight[:, 3:] = 0
    dense = filled(net)
    assert dense[2].weight.all() and torch.equal(dense[2].weight[:, :3], net[2].weight[:, :3])
    assert net[2].weight[:, 3:].count_nonzero() == 0


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_fewer_channels_are_at_most_the_share_that_is_left(share):
    net = build()
    small = fewer_channels(net, X, share)
    conv1, conv2, fc = small[0], small[2], small[5]
    macs = 16 * conv1.weight.numel() + 4 * conv2.weight.numel() + fc.weight.numel()
    assert macs <= (1 - share) * (16 * 72 + 4 * 576 + 64)
    assert small(X).shape == (2, 2)

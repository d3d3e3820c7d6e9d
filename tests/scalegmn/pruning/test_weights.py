"""What is prunable, and counted as a weight."""

import torch
from torch import nn

from scalegmn.pruning import SparsityCount, magnitude, make_mask


class Scaled(nn.Module):
    """A convolution whose channels have factors, the smallest parameters of all."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.scale = nn.Parameter(torch.full((4, 1, 1), 1e-6))
        self.temporal = nn.Conv1d(1, 4, 2)

    def forward(self, x):
        return self.scale * self.conv(x)


def test_a_factor_per_channel_is_no_weight():
    net = Scaled()
    assert set(magnitude(net)) == {"conv.weight", "temporal.weight"}
    assert set(magnitude(net, prune_biases=True)) == dict(net.named_parameters()).keys()
    mask = make_mask(magnitude(net), 0.5)
    pruned = mask.apply(dict(net.named_parameters()))
    assert torch.equal(pruned["scale"], net.scale)
    count = SparsityCount.of(pruned)
    assert count.weights == 3 * 4 * 9 + 8
    assert count.weight_sparsity == 58 / 116

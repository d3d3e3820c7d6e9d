"""The network behind features of fixed length."""

from collections.abc import Sequence
from itertools import pairwise

from torch import nn


def feed_forward(widths: Sequence[int], dropout: float) -> nn.Sequential:
    """Linear layers with ReLU and dropout between them, to one number.

    Args:
        widths: of the input and of each hidden layer.
        dropout: rate after each hidden layer.
    """
    layers: list[nn.Module] = []
    for d_in, d_out in pairwise(widths):
        layers += [nn.Linear(d_in, d_out), nn.ReLU(), nn.Dropout(dropout)]
    return nn.Sequential(*layers, nn.Linear(widths[-1], 1))

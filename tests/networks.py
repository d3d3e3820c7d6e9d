"""Batches of random small CNNs whose accuracy can be read off their weights."""

import torch
from torch import nn

from scalegmn.graph import NetworkGraph
from scalegmn.targets import SmallCNN
from scalegmn.zoo import NetworkBatch

WIDTH = 4


def graph_of(activation=nn.ReLU, **options):
    net = SmallCNN(**{"num_classes": 3, "width": WIDTH, "activation": activation, **options})
    return NetworkGraph.from_module(net, torch.zeros(1, 1, 32, 32))


def batch_of(n, *, seed=0, sparsity=0.0, tanh=0.0):
    """Networks of the size of their weights; a fraction of weights is zero, and of them tanh."""
    generator = torch.Generator().manual_seed(seed)
    size = 0.5 + torch.rand(n, generator=generator)
    shapes = {name: t.shape for name, t in SmallCNN(1, 3, width=WIDTH).state_dict().items()}
    parameters = {}
    for name, shape in shapes.items():
        values = torch.randn(n, *shape, generator=generator) / 3
        if len(shape) > 1:
            values *= torch.rand(values.shape, generator=generator) >= sparsity
        parameters[name] = (values.flatten(1) * size[:, None]).view_as(values)
    sign = torch.rand(n, generator=generator) < tanh
    return NetworkBatch(parameters, sign, size - 0.5, torch.full((n,), sparsity))

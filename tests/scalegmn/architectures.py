"""Random small networks of every sequential shape that the graph can express."""

import random

import torch
from torch import nn

from scalegmn.targets import Sine
from scalegmn.testing import random_networks

RELU, SIGN, OTHER = [nn.ReLU, nn.LeakyReLU], [nn.Tanh, lambda: Sine(2.0)], [nn.GELU]


def random_cnn(seed, activations):
    """A CNN and an example input; depth, widths, kernels, pooling and flatten vary."""
    draw = random.Random(seed)
    activation = draw.choice(activations)
    positive = activation in RELU
    channels = [draw.randint(1, 3), *(draw.randint(2, 4) for _ in range(draw.randint(1, 3)))]
    size, layers = 12, []
    for n_in, n_out in zip(channels, channels[1:], strict=False):
        kernel = (draw.randint(1, 3), draw.randint(1, 3))
        layers.append(nn.Conv2d(n_in, n_out, kernel, padding=draw.randint(0, 1)))
        before = draw.random() < 0.3 and positive
        layers += [nn.MaxPool2d(2)] if before else []
        layers.append(activation())
        if draw.random() < 0.4 and not before:
            layers.append(nn.MaxPool2d(2) if positive and draw.random() < 0.5 else nn.AvgPool2d(2))
        layers += [nn.Dropout(0.2)] if draw.random() < 0.3 else []
    last = channels[-1]
    flat = draw.choice([1, 2])
    layers += [nn.AdaptiveAvgPool2d(flat), nn.Flatten()]
    if draw.random() < 0.5:
        layers += [nn.Linear(last * flat**2, 4), activation()]
        last, flat = 4, 1
    layers.append(nn.Linear(last * flat**2, draw.randint(2, 3)))
    return nn.Sequential(*layers).eval(), torch.randn(3, channels[0], size, size)


def sparsified(params, how, generator):
    """Dense weights, or weights as pruning leaves them."""
    params = {name: value.clone() for name, value in params.items()}
    for name, value in params.items():
        if how == "90 % zeros" and value.ndim > 1:
            keep = torch.rand(value.shape, generator=generator) > 0.9
            params[name] = value * keep
        elif how == "zero biases" and value.ndim == 1:
            params[name] = torch.zeros_like(value)
        elif how == "dead channels" and value.shape[0] > 1 and name != list(params)[-1]:
            value[0] = 0
    return params


def batch_of_states(graph, seed):
    """One random network in every state, stacked."""
    generator = torch.Generator().manual_seed(seed)
    network = {k: v[0] for k, v in random_networks(graph, 1).items()}
    states = [sparsified(network, how, generator) for how in STATES]
    return {name: torch.stack([state[name] for state in states]) for name in network}


STATES = ["dense", "90 % zeros", "dead channels", "zero biases"]

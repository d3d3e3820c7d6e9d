"""Operations between a layer's weights and the next: what each commutes with."""

import operator
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn

from scalegmn.graph.groups import ANY_FACTOR, NO_FACTOR, POSITIVE, SIGN, Freedom
from scalegmn.targets.sine import Sine

# What each element-wise or pooling operation commutes with.
MODULES: dict[type[nn.Module], Freedom] = {
    nn.Identity: ANY_FACTOR,
    nn.Dropout: ANY_FACTOR,
    nn.Dropout2d: ANY_FACTOR,
    nn.AvgPool2d: ANY_FACTOR,
    nn.AdaptiveAvgPool2d: ANY_FACTOR,
    nn.ReLU: POSITIVE,
    nn.LeakyReLU: POSITIVE,
    nn.MaxPool2d: POSITIVE,
    nn.AdaptiveMaxPool2d: POSITIVE,
    nn.Tanh: SIGN,
    nn.Softsign: SIGN,
    Sine: SIGN,
    nn.GELU: NO_FACTOR,
    nn.SiLU: NO_FACTOR,
    nn.ELU: NO_FACTOR,
    nn.Sigmoid: NO_FACTOR,
    nn.Softplus: NO_FACTOR,
    nn.ReLU6: NO_FACTOR,
}
FUNCTIONS: dict[Callable | str, Freedom] = {
    F.dropout: ANY_FACTOR,
    F.avg_pool2d: ANY_FACTOR,
    F.adaptive_avg_pool2d: ANY_FACTOR,
    torch.mean: ANY_FACTOR,
    "mean": ANY_FACTOR,
    "contiguous": ANY_FACTOR,
    F.relu: POSITIVE,
    torch.relu: POSITIVE,
    "relu": POSITIVE,
    F.leaky_relu: POSITIVE,
    F.max_pool2d: POSITIVE,
    F.adaptive_max_pool2d: POSITIVE,
    torch.tanh: SIGN,
    F.tanh: SIGN,
    "tanh": SIGN,
    torch.sin: SIGN,
    "sin": SIGN,
    F.gelu: NO_FACTOR,
    F.silu: NO_FACTOR,
    F.elu: NO_FACTOR,
    F.sigmoid: NO_FACTOR,
    torch.sigmoid: NO_FACTOR,
    "sigmoid": NO_FACTOR,
}
# With a number as the second operand.
ARITHMETIC: dict[Callable | str, Freedom] = {
    operator.mul: ANY_FACTOR,
    torch.mul: ANY_FACTOR,
    operator.truediv: ANY_FACTOR,
    operator.add: NO_FACTOR,
    torch.add: NO_FACTOR,
    operator.sub: NO_FACTOR,
}
RESHAPES: set[Callable | str] = {torch.flatten, torch.reshape, "flatten", "view", "reshape"}
RESIDUAL: set[Callable | str] = {operator.add, operator.iadd, torch.add, "add", "add_"}

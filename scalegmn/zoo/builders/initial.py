"""Networks before training."""

from collections.abc import Callable
from math import prod, sqrt

import torch
from jaxtyping import Float
from torch import Tensor, nn

from scalegmn.formats.layout import Layout

# Takes a kernel in TensorFlow's order of axes, a standard deviation and a generator.
Kind = Callable[[Tensor, float, torch.Generator], Tensor]
# The deviation of a standard normal distribution that is cut off at 2.
CUT_OFF = 0.87962566103423978


def initial_row(
    layout: Layout, kind: str, *, std: float, generator: torch.Generator
) -> Float[Tensor, " p"]:
    """A network with the named kind of kernels, as Keras draws them, and zero biases."""
    parts = []
    for variable in layout:
        tensor = torch.zeros(variable.shape)
        if variable.kind == "kernel":
            KINDS[kind](tensor, std, generator)
        parts.append(tensor.flatten())
    return torch.cat(parts)


def _normal(kernel: Tensor, std: float, generator: torch.Generator) -> Tensor:
    return kernel.normal_(0, std, generator=generator)


def _truncated(kernel: Tensor, std: float, generator: torch.Generator) -> Tensor:
    return nn.init.trunc_normal_(kernel, 0, std, -2 * std, 2 * std, generator=generator)


def _he(kernel: Tensor, std: float, generator: torch.Generator) -> Tensor:
    return _truncated(kernel, sqrt(2 / _fans(kernel)[0]) / CUT_OFF, generator)


def _glorot(kernel: Tensor, std: float, generator: torch.Generator) -> Tensor:
    return _truncated(kernel, sqrt(2 / sum(_fans(kernel))) / CUT_OFF, generator)


def _orthogonal(kernel: Tensor, std: float, generator: torch.Generator) -> Tensor:
    nn.init.orthogonal_(kernel.view(-1, kernel.shape[-1]), generator=generator)
    return kernel


def _fans(kernel: Tensor) -> tuple[int, int]:
    field = prod(kernel.shape[:-2])
    return field * kernel.shape[-2], field * kernel.shape[-1]


KINDS: dict[str, Kind] = {
    "glorot_normal": _glorot,
    "he_normal": _he,
    "orthogonal": _orthogonal,
    "RandomNormal": _normal,
    "TruncatedNormal": _truncated,
}

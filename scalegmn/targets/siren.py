"""Sinusoidal representation networks: images as functions of their coordinates."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, no_type_check

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

# Outputs are centred: pixels in [0, 1] are the last layer's values plus this.
OFFSET = 0.5


class SineLayer(nn.Linear):
    r"""A linear layer and a sine.

    .. math:: x \mapsto \sin(\omega_0 (W x + b))

    Args:
        in_features: length of the input.
        out_features: length of the output.
        w0: the frequency :math:`\omega_0`, in radians per unit.
    """

    def __init__(self, in_features: int, out_features: int, *, w0: float = 30.0) -> None:
        super().__init__(in_features, out_features)
        self.w0 = w0

    @no_type_check  # it is traced with proxies, which are no tensors.
    def forward(self, x):
        return torch.sin(self.w0 * F.linear(x, self.weight, self.bias))

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, w0={self.w0:g}"


class Siren(nn.Module):
    r"""An implicit neural representation (INR): sine layers, then a linear one.

    .. math::
        h_l = \sin(\omega_0 (W_l h_{l-1} + b_l)), \qquad u(x) = W_L h_{L-1} + b_L + \tfrac12

    A hidden unit's weights and bias can change their sign together with the next layer's weights on
    it, and nothing else changes. Parameters are named ``seq.{0,1,...}.{weight,bias}``, as in public
    files. Weights are drawn as Sitzmann et al. do, section 3.2 (first layer uniform in
    :math:`\pm 1/n`, later sine layers in :math:`\pm \sqrt{6/n}/\omega_0` for n inputs), biases are
    zero as in the public files.

    Reference: Sitzmann et al., *Implicit Neural Representations with Periodic Activation
    Functions*, 2020, arXiv:2006.09661.

    Args:
        out_channels: length of the output: 1 for gray images, 3 for colour.
        hidden: units of each sine layer; at least one layer.
        in_features: length of the input, coordinates.
        w0: the frequency :math:`\omega_0` of all sine layers, in radians per unit.

    Raises:
        ValueError: if there is no sine layer, or a width is not above 0.
    """

    def __init__(
        self,
        out_channels: int = 1,
        hidden: Sequence[int] = (32, 32),
        *,
        in_features: int = 2,
        w0: float = 30.0,
    ) -> None:
        super().__init__()
        widths = [in_features, *hidden, out_channels]
        if not hidden or min(widths) < 1:
            raise ValueError(f"a SIREN needs sine layers and widths above 0, got {widths}")
        self.w0 = w0
        self.widths = widths
        sines = [SineLayer(n, m, w0=w0) for n, m in pairwise(widths[:-1])]
        self.seq = nn.Sequential(*sines, nn.Linear(widths[-2], out_channels))
        for name, bound in self.bounds().items():
            nn.init.uniform_(self.get_parameter(name), -bound, bound)

    @no_type_check  # it is traced with proxies, which are no tensors.
    def forward(self, x):
        return self.seq(x) + OFFSET

    @property
    def sine_layers(self) -> tuple[tuple[str, str, str], ...]:
        """Names of each sine layer's weight and bias, and of the next layer's weight."""
        return tuple(
            (f"seq.{i}.weight", f"seq.{i}.bias", f"seq.{i + 1}.weight")
            for i in range(len(self.seq) - 1)
        )

    def bounds(self) -> dict[str, float]:
        """The bound of each parameter's uniform distribution at the start; 0 for biases."""
        bounds: dict[str, float] = {}
        last = len(self.widths) - 2
        for i, n in enumerate(self.widths[:-1]):
            later = 1 / math.sqrt(n) if i == last else math.sqrt(6 / n) / self.w0
            bounds |= {f"seq.{i}.weight": later if i else 1 / n, f"seq.{i}.bias": 0.0}
        return bounds

    def settings(self) -> dict[str, Any]:
        """What identifies the architecture, as JSON has it."""
        return {"hidden": self.widths[1:-1], "channels": self.widths[-1], "w0": self.w0}

    def with_frequency(self, w0: float) -> "Siren":
        """The same architecture with another frequency, and with initial parameters."""
        n_in, *hidden, n_out = self.widths
        return Siren(n_out, hidden, in_features=n_in, w0=w0)

    def evaluate(
        self, params: Mapping[str, Tensor], x: Float[Tensor, "point in_features"]
    ) -> Float[Tensor, "*batch point out_channels"]:
        """Outputs of one parameter set or of a batch, one matrix product per layer for all.

        Args:
            params: by name, each with the same leading batch axes, if any.
            x: the same inputs for every parameter set.
        """
        h = x
        for weight, bias, _ in self.sine_layers:
            # The frequency is multiplied into the weights, which are fewer than the values.
            w, b = self.w0 * params[weight], self.w0 * params[bias]
            h = torch.sin(h @ w.mT + b.unsqueeze(-2))
        last = f"seq.{len(self.seq) - 1}"
        return h @ params[f"{last}.weight"].mT + (params[f"{last}.bias"] + OFFSET).unsqueeze(-2)

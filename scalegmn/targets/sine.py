"""The activation of sinusoidal representation networks."""

from typing import no_type_check

import torch
from torch import nn


class Sine(nn.Module):
    r"""The sine of a scaled input, odd, so its sign symmetry survives.

    .. math:: \mathrm{Sine}(x) = \sin(\omega_0 x)

    Reference: Sitzmann et al., *Implicit Neural Representations with Periodic Activation
    Functions*, 2020, arXiv:2006.09661.

    Args:
        w0: the frequency :math:`\omega_0`, in radians per unit of input.
    """

    def __init__(self, w0: float = 30.0) -> None:
        super().__init__()
        self.w0 = w0

    @no_type_check  # torch.fx traces it with proxies, which are no tensors.
    def forward(self, x):
        return torch.sin(self.w0 * x)

    def extra_repr(self) -> str:
        return f"w0={self.w0:g}"

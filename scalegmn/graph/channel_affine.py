"""A factor and a shift for each channel."""

from typing import no_type_check

import torch
from jaxtyping import Float
from torch import Tensor, nn

Norm = nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d | nn.SyncBatchNorm


class ChannelAffine(nn.Module):
    """What batch normalisation computes in evaluation mode, where it cannot be folded.

    Args:
        weight: a factor for each channel.
        bias: what is added to each channel.
    """

    def __init__(self, weight: Float[Tensor, " c"], bias: Float[Tensor, " c"]) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(bias)

    @classmethod
    def of_norm(cls, norm: Norm) -> "ChannelAffine":
        """Compute the same as a normalisation with running statistics."""
        gain, shift = gain_and_shift(norm)
        trained = norm.weight is None or norm.weight.requires_grad
        return cls(gain, shift).requires_grad_(trained).train(norm.training)

    @no_type_check  # torch.fx traces it with proxies, which are no tensors.
    def forward(self, x):
        # Channels last, where tensors of one axis line up with them whatever the other axes are.
        return (x.movedim(1, -1) * self.weight + self.bias).movedim(-1, 1)


@torch.no_grad()
def gain_and_shift(norm: Norm) -> tuple[Float[Tensor, " c"], Float[Tensor, " c"]]:
    r"""Factor :math:`\gamma / \sqrt{\sigma^2 + \epsilon}` and shift of a normalisation."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    gain = torch.rsqrt(norm.running_var + norm.eps)
    gain = gain if norm.weight is None else gain * norm.weight
    shift = torch.zeros_like(gain) if norm.bias is None else norm.bias
    return gain, shift - norm.running_mean * gain

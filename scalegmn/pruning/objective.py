"""Sparsity penalties."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor


def l1(params: Mapping[str, Tensor]) -> Float[Tensor, ""]:
    r"""The sum (not the mean) of magnitudes over all parameters, biases included.

    .. math:: \lVert \theta \rVert_1 = \sum_i |\theta_i|

    Args:
        params: a network's parameters by name.
    """
    return torch.stack([p.abs().sum() for p in params.values()]).sum()

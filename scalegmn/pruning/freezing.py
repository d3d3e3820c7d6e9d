"""Hide pruned parameters from an optimizer."""

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from scalegmn.pruning.mask import Mask


@torch.no_grad()
def freeze_gradients(net: nn.Module, mask: Mask) -> None:
    """Set the gradients of what the mask prunes to zero, where there are any."""
    for name, keep in mask.keep.items():
        gradient = net.get_parameter(name).grad
        if gradient is not None:
            gradient.masked_fill_(~keep, 0)


@torch.no_grad()
def freeze_moments(optimizer: Optimizer, net: nn.Module, mask: Mask) -> None:
    """Set the optimizer's moments of what the mask prunes to zero, where it has any.

    Moments are the tensors of an optimizer's state in the shape of their parameter.
    """
    for name, keep in mask.keep.items():
        for value in optimizer.state.get(net.get_parameter(name), {}).values():
            if isinstance(value, Tensor) and value.shape == keep.shape:
                value.masked_fill_(~keep, 0)

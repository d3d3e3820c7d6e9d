"""Hiding pruned weights from the optimizer."""

import torch
from lightning import Callback, LightningModule, Trainer
from torch import Tensor
from torch.optim import Optimizer

from callbacks.protocols import holding_mask
from scalegmn.pruning import Mask


class GradientFreezing(Callback):
    """Sets the gradients of pruned weights to zero before every optimizer step.

    What the optimizer remembers of them is forgotten as well, whenever the mask is new, so that the
    norm of the gradient (clipping) and of the update is that of the kept weights::

        gradient_freezing:
          _target_: callbacks.gradient_freezing.GradientFreezing
    """

    def __init__(self) -> None:
        self._obeyed: Mask | None = None

    @torch.no_grad()
    def on_before_optimizer_step(
        self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer
    ) -> None:
        holder = holding_mask(pl_module)
        if holder.mask is None:
            return
        params = dict(holder.net.named_parameters())
        for name, keep in holder.mask.keep.items():
            gradient = params[name].grad
            if gradient is not None:
                gradient.masked_fill_(~keep, 0)
            if holder.mask is not self._obeyed:
                _forget(optimizer, params[name], keep)
        self._obeyed = holder.mask


def _forget(optimizer: Optimizer, parameter: Tensor, keep: Tensor) -> None:
    for value in optimizer.state.get(parameter, {}).values():
        if isinstance(value, Tensor) and value.shape == keep.shape:
            value.masked_fill_(~keep, 0)

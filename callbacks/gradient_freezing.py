"""Hide pruned weights from the optimizer."""

from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer
from torch import Tensor
from torch.optim import Optimizer

from scalegmn.pruning import Mask


class GradientFreezing(Callback):
    """Set the gradients of pruned weights to zero before every optimizer step.

    The optimizer's moments of them are zero, too, from the first step on, so that the norm of the
    gradient (clipping) and of the update is that of the kept weights::

        gradient_freezing:
          _target_: callbacks.GradientFreezing

    Args:
        mask: what is kept; ``None`` keeps what is not exactly zero among the network's weights
            (tensors of more than one axis) when the fit starts.
        net: the network's attribute path in the module; ``""`` is the module itself.
    """

    def __init__(self, mask: Mask | None = None, *, net: str = "net") -> None:
        self.mask = mask
        self.net = net
        self._moments_frozen = False

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        net = pl_module.get_submodule(self.net)
        mask = Mask.of_zeros(net) if self.mask is None else self.mask
        self.mask = trainer.strategy.broadcast(mask).to(pl_module.device)
        self._moments_frozen = False

    @torch.no_grad()
    def on_before_optimizer_step(
        self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer
    ) -> None:
        assert self.mask is not None
        params = dict(pl_module.get_submodule(self.net).named_parameters())
        for name, keep in self.mask.keep.items():
            gradient = params[name].grad
            if gradient is not None:
                gradient.masked_fill_(~keep, 0)
            if not self._moments_frozen:
                _freeze_moments(optimizer, params[name], keep)
        self._moments_frozen = True

    def state_dict(self) -> dict[str, Any]:
        return {} if self.mask is None else {"mask": self.mask.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.mask = Mask.from_state_dict(state_dict["mask"])


def _freeze_moments(optimizer: Optimizer, parameter: Tensor, keep: Tensor) -> None:
    for value in optimizer.state.get(parameter, {}).values():
        if isinstance(value, Tensor) and value.shape == keep.shape:
            value.masked_fill_(~keep, 0)

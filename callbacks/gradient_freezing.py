"""Hide pruned weights from the optimizer."""

from typing import Any

from lightning import Callback, LightningModule, Trainer
from torch.optim import Optimizer

from scalegmn.pruning import Mask, freeze_gradients, freeze_moments


class GradientFreezing(Callback):
    """Set the gradients of pruned weights to zero before every optimizer step.

    Their moments, if the optimizer has any when training starts, become zero as well. So the norm
    of the gradient, which clipping reads, and of the update are those of the kept weights. The mask
    is part of the checkpoint, which a resumed fit takes it from, and the same on all ranks::

        gradient_freezing:
          _target_: callbacks.GradientFreezing

    Args:
        mask: what is kept; ``None`` keeps what is not exactly zero among the network's weights
            (tensors of more than one axis) when training starts.
        net: the network's attribute path in the module; ``""`` is the module itself.

    Attributes:
        mask: what is kept in the present fit, on the module's device; ``None`` before.

    Raises:
        ValueError: when training starts, if the mask does not fit the network.
    """

    def __init__(self, mask: Mask | None = None, *, net: str = "net") -> None:
        self.mask: Mask | None = None
        self.net = net
        self._given = mask
        self._restored: Mask | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # Not on_fit_start, where a callback further down the list may still prune.
        net = pl_module.get_submodule(self.net)
        mask = self._restored or self._given or Mask.of_zeros(net)
        self._restored = None
        self.mask = trainer.strategy.broadcast(mask.to("cpu")).to(pl_module.device)
        self.mask.check(net)
        for optimizer in trainer.optimizers:
            freeze_moments(optimizer, net, self.mask)

    def on_before_optimizer_step(
        self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer
    ) -> None:
        assert self.mask is not None
        freeze_gradients(pl_module.get_submodule(self.net), self.mask)

    def state_dict(self) -> dict[str, Any]:
        return {} if self.mask is None else {"mask": self.mask.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._restored = Mask.from_state_dict(state_dict["mask"]) if state_dict else None

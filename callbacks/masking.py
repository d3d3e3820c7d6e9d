"""Keep pruned weights at zero."""

from typing import Any

from lightning import Callback, LightningModule, Trainer
from torch import nn

from scalegmn.pruning import Mask


class Masking(Callback):
    """Set the pruned weights to exactly zero when a fit starts and after every batch.

    So they stay zero whatever the optimizer: momentum, weight decay and mixed precision included.
    The mask is part of the checkpoint, and the same on all ranks::

        masking:
          _target_: callbacks.Masking

    Args:
        mask: what is kept; ``None`` keeps what is not exactly zero among the network's weights
            (tensors of more than one axis) when the fit starts.
        net: the network's attribute path in the module; ``""`` is the module itself.

    Raises:
        ValueError: when the fit starts, if the mask does not fit the network.
    """

    def __init__(self, mask: Mask | None = None, *, net: str = "net") -> None:
        self.mask = mask
        self.net = net

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        net = self._network(pl_module)
        mask = Mask.of_zeros(net) if self.mask is None else self.mask
        self.mask = trainer.strategy.broadcast(mask).to(pl_module.device)
        self.mask.apply_(net)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        assert self.mask is not None
        self.mask.apply_(self._network(pl_module))

    def state_dict(self) -> dict[str, Any]:
        return {} if self.mask is None else {"mask": self.mask.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.mask = Mask.from_state_dict(state_dict["mask"])

    def _network(self, pl_module: LightningModule) -> nn.Module:
        return pl_module.get_submodule(self.net)

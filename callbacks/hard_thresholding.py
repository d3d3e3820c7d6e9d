"""Set small weights to zero while a network is trained, for good."""

from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer
from torch import Tensor
from torch.optim import Optimizer

from scalegmn.pruning import Mask, freeze_gradients, freeze_moments, magnitude


class HardThresholding(Callback):
    """Set weights below a threshold to exactly zero after every batch; they never come back.

    A penalty on magnitudes takes weights near zero, where the steps of an optimizer make them
    oscillate. Here they stop: gradients and moments of what has become zero are zero, too. The mask
    is part of the checkpoint. It follows from the weights, and so is the same on all ranks. ::

        hard_thresholding:
          _target_: callbacks.HardThresholding
          threshold: 1e-4

    Args:
        threshold: magnitudes below it become zero.
        prune_biases: biases, too, and other tensors of one axis.
        net: the network's attribute path in the module; ``""`` is the module itself.

    Attributes:
        mask: what is not zero yet, on the module's device; ``None`` before the fit.

    Raises:
        ValueError: if the threshold is not above 0.
    """

    def __init__(
        self, threshold: float = 1e-4, *, prune_biases: bool = False, net: str = "net"
    ) -> None:
        if not threshold > 0:
            raise ValueError(f"threshold must be above 0, got {threshold}")
        self.mask: Mask | None = None
        self.threshold = threshold
        self.prune_biases = prune_biases
        self.net = net
        self._restored: Mask | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        magnitudes = self._magnitudes(pl_module)
        every = {n: torch.ones_like(m, dtype=torch.bool) for n, m in magnitudes.items()}
        self.mask = (self._restored or Mask(every)).to(pl_module.device)
        self._restored = None
        self._threshold(trainer, pl_module)

    def on_before_optimizer_step(
        self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer
    ) -> None:
        assert self.mask is not None
        freeze_gradients(pl_module.get_submodule(self.net), self.mask)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self._threshold(trainer, pl_module)

    def _threshold(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert self.mask is not None
        net, magnitudes = pl_module.get_submodule(self.net), self._magnitudes(pl_module)
        # What is not a number is not small.
        self.mask = Mask(
            {n: keep & ~(magnitudes[n] < self.threshold) for n, keep in self.mask.keep.items()}
        )
        self.mask.apply_(net)
        for optimizer in trainer.optimizers:
            freeze_moments(optimizer, net, self.mask)

    def _magnitudes(self, pl_module: LightningModule) -> dict[str, Tensor]:
        net = pl_module.get_submodule(self.net)
        return magnitude(net, prune_biases=self.prune_biases)

    def state_dict(self) -> dict[str, Any]:
        return {} if self.mask is None else {"mask": self.mask.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._restored = Mask.from_state_dict(state_dict["mask"]) if state_dict else None

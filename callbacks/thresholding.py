"""Choosing what to keep of a network."""

from typing import Any

from lightning import Callback, LightningModule, Trainer
from torch import nn

from callbacks.protocols import holding_mask
from scalegmn.pruning import Mask, Score, Selection


class Thresholding(Callback):
    """Chooses the module's mask from its weights when a fit starts, and applies it once.

    The mask is part of the checkpoint, so that a resumed fit keeps it, and the same on all ranks::

        thresholding:
          _target_: callbacks.thresholding.Thresholding
          score: {_target_: scalegmn.pruning.magnitude, _partial_: true}
          selection: {_target_: scalegmn.pruning.keep_top, _partial_: true}
          sparsity: 0.9

    Args:
        score: how much each prunable parameter matters.
        selection: which of them stay at a sparsity.
        sparsity: fraction of the prunable parameters to prune, in [0, 1).

    Raises:
        ValueError: if the sparsity is out of range.
    """

    def __init__(self, score: Score, selection: Selection, *, sparsity: float) -> None:
        if not 0 <= sparsity < 1:
            raise ValueError(f"sparsity must be at least 0 and below 1, got {sparsity}")
        self.score = score
        self.selection = selection
        self.sparsity = sparsity
        self._mask: Mask | None = None

    def choose(self, net: nn.Module) -> Mask:
        """The mask for a network."""
        return self.selection(self.score(dict(net.named_parameters())), self.sparsity)

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        holder = holding_mask(pl_module)
        if self._mask is None:
            self._mask = trainer.strategy.broadcast(self.choose(holder.net))
        holder.mask = self._mask.to(pl_module.device)
        holder.mask.apply_(holder.net)

    def state_dict(self) -> dict[str, Any]:
        return {} if self._mask is None else {"mask": self._mask.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._mask = Mask.from_state_dict(state_dict["mask"])

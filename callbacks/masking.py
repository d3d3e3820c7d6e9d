"""Keeping pruned weights at zero."""

from typing import Any

from lightning import Callback, LightningModule, Trainer

from callbacks.protocols import holding_mask


class Masking(Callback):
    """Sets the pruned weights to exactly zero after every batch.

    So they are, whatever the optimizer: momentum, weight decay and mixed precision included::

        masking:
          _target_: callbacks.masking.Masking
    """

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        holder = holding_mask(pl_module)
        if holder.mask is not None:
            holder.mask.apply_(holder.net)

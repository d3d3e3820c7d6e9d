"""Prune a network when a fit starts."""

from lightning import Callback, LightningModule, Trainer

from scalegmn.pruning import Allocation, Batches, Score, allocate_globally, make_mask


class Thresholding(Callback):
    """Set the weights with the lowest scores to zero when a fit starts.

    What is zero stays zero with :class:`~callbacks.masking.Masking` and
    :class:`~callbacks.gradient_freezing.GradientFreezing` after it. A fit that is resumed is not
    pruned again::

        thresholding:
          _target_: callbacks.Thresholding
          score: {_target_: scalegmn.pruning.magnitude, _partial_: true}
          sparsity: 0.9

    Args:
        score: how much each prunable parameter matters.
        sparsity: fraction of the prunable parameters to prune, in [0, 1).
        allocate: how many entries each tensor keeps.
        net: the network's attribute path in the module; ``""`` is the module itself.

    Raises:
        ValueError: if the sparsity is out of range.
    """

    def __init__(
        self,
        score: Score,
        *,
        sparsity: float,
        allocate: Allocation = allocate_globally,
        net: str = "net",
    ) -> None:
        if not 0 <= sparsity < 1:
            raise ValueError(f"sparsity must be at least 0 and below 1, got {sparsity}")
        self.score = score
        self.sparsity = sparsity
        self.allocate = allocate
        self.net = net

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.ckpt_path is not None:
            return
        net = pl_module.get_submodule(self.net)
        scores = self.score(net, _images(trainer))
        mask = make_mask(scores, self.sparsity, allocate=self.allocate)
        trainer.strategy.broadcast(mask).to(pl_module.device).apply_(net)


def _images(trainer: Trainer) -> Batches:
    """The training batches of the fit."""
    source = trainer.fit_loop._data_source
    return source.dataloader()

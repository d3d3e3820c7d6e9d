"""Prune a network when a fit starts."""

from collections.abc import Iterator
from typing import Any

from lightning import Callback, LightningModule, Trainer
from torch import Tensor

from scalegmn.pruning import Allocation, Mask, Score, allocate_globally, make_mask


class Thresholding(Callback):
    """Set the weights with the lowest scores to zero when a fit starts.

    They stay zero with :class:`~callbacks.masking.Masking` in the same trainer. A fit that is
    resumed is not pruned again. The mask is that of rank 0 on all ranks::

        thresholding:
          _target_: callbacks.Thresholding
          score: {_target_: scalegmn.pruning.magnitude, _partial_: true}
          sparsity: 0.9

    Args:
        score: called with the network and the fit's training batches ``(images, classes)``.
        sparsity: fraction of the prunable parameters to prune, in [0, 1).
        allocate: how many entries each tensor keeps.
        net: the network's attribute path in the module; ``""`` is the module itself.

    Attributes:
        mask: what was kept; ``None`` before the fit.

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
        self.mask: Mask | None = None
        self.score = score
        self.sparsity = sparsity
        self.allocate = allocate
        self.net = net
        self._resumed = False

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self._resumed:
            self._resumed = False
            return
        net = pl_module.get_submodule(self.net)
        scores = self.score(net, _TrainingBatches(trainer))
        mask = make_mask(scores, self.sparsity, allocate=self.allocate)
        self.mask = trainer.strategy.broadcast(mask.to("cpu")).to(pl_module.device)
        self.mask.apply_(net)

    def state_dict(self) -> dict[str, Any]:
        return {} if self.mask is None else {"mask": self.mask.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        if state_dict:
            self.mask = Mask.from_state_dict(state_dict["mask"])
            self._resumed = True


class _TrainingBatches:
    """The training batches of a fit, made only if a score reads them."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        self.trainer.fit_loop.setup_data()
        loader: Any = self.trainer.train_dataloader
        return iter(loader)

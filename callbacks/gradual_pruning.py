"""Prune a network more and more while it is trained."""

from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any

from lightning import Callback, LightningModule, Trainer
from torch import Tensor
from torch.optim import Optimizer

from scalegmn.pruning import (
    Allocation,
    Mask,
    Score,
    allocate_globally,
    cubic_sparsity,
    freeze_gradients,
    freeze_moments,
    make_mask,
    make_nested_mask,
    save_masked,
)


class GradualPruning(Callback):
    """Prune by scores along a cubic schedule, from none of the weights to a sparsity.

    Every so many optimizer steps the mask loses the entries with the lowest scores among those that
    it keeps; nothing comes back. Pruned weights are exactly zero after every batch, and hidden from
    the optimizer: their gradients and moments are zero. The mask is part of the checkpoint, and the
    same on all ranks.

    A milestone is a sparsity below the last, at which the network is written to a file: when the
    schedule passes it, pruned to exactly this sparsity, and not trained since. Training goes on
    from the network as it was. The network of the last sparsity is written when the fit ends. The
    metric ``sparsity`` is that of the schedule. ::

        gradual_pruning:
          _target_: callbacks.GradualPruning
          score: {_target_: scalegmn.pruning.magnitude, _partial_: true}
          sparsity: 0.9
          milestones: {0.8: pruned_80.safetensors, 0.9: pruned_90.safetensors}

    Reference: Zhu and Gupta, *To prune, or not to prune*, 2017, arXiv:1710.01878.

    Args:
        score: rates the network's entries; it gets no training batches.
        sparsity: fraction of the prunable parameters to prune in the end, in [0, 1).
        milestones: files by sparsity, see :func:`scalegmn.pruning.load_masked`.
        every_n_steps: optimizer steps between two masks.
        ramp: fraction of the fit's optimizer steps after which the last sparsity is reached; the
            others train what is left.
        allocate: how many entries each tensor keeps.
        min_per_layer: entries that each tensor keeps at least.
        net: the network's attribute path in the module; ``""`` is the module itself.

    Attributes:
        mask: what is kept, on the module's device; ``None`` before the fit.
        reached: the scheduled sparsity of the mask.
        epochs: how many epochs had begun when a milestone was passed, by sparsity.

    Raises:
        ValueError: if a number is out of range, a milestone is above the sparsity, or, when
            training starts, the fit has no end.
    """

    def __init__(
        self,
        score: Score,
        *,
        sparsity: float,
        milestones: Mapping[float, str | Path] | None = None,
        every_n_steps: int = 100,
        ramp: float = 0.75,
        allocate: Allocation = allocate_globally,
        min_per_layer: int = 0,
        net: str = "net",
    ) -> None:
        if not 0 <= sparsity < 1:
            raise ValueError(f"sparsity must be at least 0 and below 1, got {sparsity}")
        if every_n_steps < 1:
            raise ValueError(f"every_n_steps must be at least 1, got {every_n_steps}")
        if not 0 < ramp <= 1:
            raise ValueError(f"ramp must be above 0 and at most 1, got {ramp}")
        for milestone in milestones or {}:
            if not 0 <= milestone <= sparsity:
                raise ValueError(f"milestone {milestone} is not between 0 and {sparsity}")
        self.mask: Mask | None = None
        self.reached = 0.0
        self.epochs: dict[float, int] = {}
        self.score = score
        self.sparsity = sparsity
        self.milestones = dict(sorted((milestones or {}).items()))
        self.every_n_steps = every_n_steps
        self.ramp = ramp
        self.allocate = allocate
        self.min_per_layer = min_per_layer
        self.net = net
        self._end = 1
        self._resumed = False

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        steps = trainer.estimated_stepping_batches
        if not isfinite(steps):
            raise ValueError("a schedule needs a fit that ends: give it max_epochs or max_steps")
        self._end = max(1, int(steps * self.ramp))
        if self._resumed and self.mask is not None:
            self.mask = self.mask.to(pl_module.device)
        else:
            self.mask, self.epochs = None, {}
            self.mask = self._prune(trainer, pl_module)
        self._resumed = False
        self.mask.apply_(pl_module.get_submodule(self.net))

    def on_before_optimizer_step(
        self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer
    ) -> None:
        assert self.mask is not None
        freeze_gradients(pl_module.get_submodule(self.net), self.mask)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        assert self.mask is not None
        step = trainer.global_step
        due = step % self.every_n_steps == 0 or step >= self._end
        if due and self.reached < self.sparsity:
            self.mask = self._prune(trainer, pl_module)
        self.mask.apply_(pl_module.get_submodule(self.net))
        if trainer.is_last_batch:
            pl_module.log(
                "sparsity",
                self.reached,
                on_step=False,
                on_epoch=True,
                sync_dist=True,
                batch_size=1,
            )

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # Not on_train_end, which a fit that had ended before it was resumed does not reach.
        file = self.milestones.get(self.sparsity)
        if file is None or self.mask is None or self.reached < self.sparsity:
            return
        if trainer.is_global_zero:
            mask = self.mask.to(pl_module.device)
            save_masked(file, pl_module.get_submodule(self.net), mask)

    def _prune(self, trainer: Trainer, pl_module: LightningModule) -> Mask:
        net = pl_module.get_submodule(self.net)
        scores = self.score(net, ())
        scheduled = cubic_sparsity(trainer.global_step, final=self.sparsity, end=self._end)
        for sparsity, file in self.milestones.items():
            if sparsity <= scheduled and sparsity < self.sparsity and sparsity not in self.epochs:
                self.mask = self._masked(scores, sparsity, trainer).to(pl_module.device)
                # The first step comes before the first epoch.
                self.epochs[sparsity] = trainer.current_epoch + (trainer.global_step > 0)
                if trainer.is_global_zero:
                    save_masked(file, net, self.mask)
        self.reached = scheduled
        mask = self._masked(scores, scheduled, trainer).to(pl_module.device)
        for optimizer in trainer.optimizers:
            freeze_moments(optimizer, net, mask)
        return mask

    def _masked(self, scores: dict[str, Tensor], sparsity: float, trainer: Trainer) -> Mask:
        options: Any = {"allocate": self.allocate, "min_per_layer": self.min_per_layer}
        if self.mask is None:
            mask = make_mask(scores, sparsity, **options)
        else:
            mask = make_nested_mask(scores, sparsity, self.mask, **options)
        return trainer.strategy.broadcast(mask.to("cpu"))

    def state_dict(self) -> dict[str, Any]:
        if self.mask is None:
            return {}
        return {"mask": self.mask.state_dict(), "reached": self.reached, "epochs": self.epochs}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        if state_dict:
            self.mask = Mask.from_state_dict(state_dict["mask"])
            self.reached = state_dict["reached"]
            self.epochs = dict(state_dict["epochs"])
            self._resumed = True

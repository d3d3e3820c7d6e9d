"""Keep a network whenever enough of it has become zero."""

import logging
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer
from torch import Tensor

from scalegmn.pruning import make_mask, save_masked
from scalegmn.pruning.score import prunable

log = logging.getLogger(__name__)


class SparsityMilestones(Callback):
    """Write the network to a file whenever its zeros pass a sparsity, and train on.

    Something else makes the zeros, such as :class:`~callbacks.threshold_weights.ThresholdWeights`,
    which has to come before this in the list. What is written has exactly ``int(N * sparsity)``
    zeros among the N prunable parameters: of the entries that the step set to zero too much, the
    largest have their values from before the step. The network itself is not changed. The fit ends
    with the epoch in which the last sparsity is passed, or after some epochs in which nothing
    became zero; then a warning says so. The metric ``sparsity`` is the fraction of zeros. ::

        milestones:
          _target_: callbacks.SparsityMilestones
          files: {0.8: pruned_80.safetensors, 0.9: pruned_90.safetensors}

    Args:
        files: by sparsity, see :func:`scalegmn.pruning.load_masked`.
        patience: epochs without a new zero after which the fit ends.
        prune_biases: biases are prunable, too, and other tensors of one axis.
        net: the network's attribute path in the module; ``""`` is the module itself.

    Attributes:
        passed: optimizer steps until a sparsity was passed, by sparsity.
        zeros: zeros after the last epoch.

    Raises:
        ValueError: if there are no files, a sparsity is outside [0, 1), or the patience is below 1.
    """

    def __init__(
        self,
        files: Mapping[float, str | Path],
        *,
        patience: int = 10,
        prune_biases: bool = False,
        net: str = "net",
    ) -> None:
        if not files:
            raise ValueError("there are no milestones: give a file for at least one sparsity")
        for sparsity in files:
            if not 0 <= sparsity < 1:
                raise ValueError(f"a milestone must be at least 0 and below 1, got {sparsity}")
        if patience < 1:
            raise ValueError(f"patience must be at least 1, got {patience}")
        self.passed: dict[float, int] = {}
        self.zeros = 0
        self.files = dict(sorted(files.items()))
        self.patience = patience
        self.prune_biases = prune_biases
        self.net = net
        self._unchanged = 0
        self._before: dict[str, Tensor] = {}

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # What is zero from the first step on may become zero in on_train_start.
        self._remember(pl_module)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._keep_passed(trainer, pl_module)
        # A fit that had ended is not continued.
        trainer.should_stop = trainer.should_stop or self._ended

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        self._remember(pl_module)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        zeros = self._keep_passed(trainer, pl_module)
        if trainer.is_last_batch:
            size = sum(p.numel() for p in self._params(pl_module).values())
            pl_module.log("sparsity", zeros / size, on_step=False, on_epoch=True, batch_size=1)
            self._unchanged = 0 if zeros > self.zeros else self._unchanged + 1
            self.zeros = zeros

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not self._ended:
            return
        trainer.should_stop = True
        left = [f"{100 * s:g}" for s in self.files if s not in self.passed]
        if left and trainer.is_global_zero:
            size = sum(p.numel() for p in self._params(pl_module).values())
            log.warning(
                "sparsity has stopped growing at %.4g %%, below %s %%: nothing has become zero in "
                "%d epochs; a larger penalty, learning rate or threshold goes further",
                *(100 * self.zeros / size, " and ".join(left), self._unchanged),
            )

    @property
    def _ended(self) -> bool:
        return len(self.passed) == len(self.files) or self._unchanged >= self.patience

    def _params(self, pl_module: LightningModule) -> dict[str, Tensor]:
        net = pl_module.get_submodule(self.net)
        return {n: p.detach() for n, p in prunable(net, prune_biases=self.prune_biases).items()}

    def _remember(self, pl_module: LightningModule) -> None:
        self._before = {name: p.clone() for name, p in self._params(pl_module).items()}

    def _keep_passed(self, trainer: Trainer, pl_module: LightningModule) -> int:
        """Write what is due; returns the number of zeros."""
        params = self._params(pl_module)
        size = sum(p.numel() for p in params.values())
        zeros = size - sum(int(p.count_nonzero()) for p in params.values())
        for sparsity, file in self.files.items():
            if sparsity not in self.passed and zeros >= int(size * sparsity):
                self.passed[sparsity] = trainer.global_step
                if trainer.is_global_zero:
                    self._write(file, sparsity, pl_module.get_submodule(self.net), params)
        return zeros

    def _write(
        self, file: str | Path, sparsity: float, net: torch.nn.Module, params: dict[str, Tensor]
    ) -> None:
        before = self._before
        scores = {n: torch.where(p == 0, before[n].abs(), torch.inf) for n, p in params.items()}
        mask = make_mask(scores, sparsity)
        values = {n: torch.where(p == 0, before[n], p) for n, p in params.items()}
        copy = deepcopy(net)
        copy.load_state_dict({**net.state_dict(), **values})
        save_masked(file, copy, mask)

    def state_dict(self) -> dict[str, Any]:
        return {"passed": self.passed, "zeros": self.zeros, "unchanged": self._unchanged}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.passed = dict(state_dict["passed"])
        self.zeros, self._unchanged = state_dict["zeros"], state_dict["unchanged"]

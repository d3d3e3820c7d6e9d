"""Undoing an epoch in which the loss exploded."""

from copy import deepcopy
from math import inf
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn
from torch import Tensor
from torch.optim import Optimizer


class SpikeRollback(Callback):
    """After a bad validation, goes back to the best epoch and lowers the learning rate for good.

    A validation is bad if ``monitor`` is above the threshold or not a number. The trained
    parameters and the optimizer's state are restored from copies, so that a second rollback finds
    them unchanged, and schedulers continue from the lower rate. For checkpoints, which have to be
    saved at the end of training epochs, ``best`` is infinite then: what they would save under the
    bad epoch's score are the weights of another one. Put what records metrics before this::

        spike_rollback:
          _target_: callbacks.spike_rollback.SpikeRollback
          monitor: val/loss
          best: val/total
          threshold: 2.0

    Args:
        monitor: the metric that explodes.
        best: the metric that is lowest in the best epoch.
        threshold: of ``monitor``.
        factor: of the learning rate.
    """

    def __init__(
        self, monitor: str = "val/loss", *, best: str, threshold: float = 2.0, factor: float = 0.5
    ) -> None:
        if not 0 < factor <= 1:
            raise ValueError(f"factor must be above 0 and at most 1, got {factor}")
        self.monitor = monitor
        self.best = best
        self.threshold = threshold
        self.factor = factor
        self.rollbacks = 0
        self._snapshot: dict[str, Any] = {}
        self._undone = False

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.sanity_checking or trainer.state.fn != TrainerFn.FITTING:
            return
        self._undone = False
        if not float(trainer.callback_metrics[self.monitor]) <= self.threshold:
            self._roll_back(trainer, pl_module)
            return
        score = float(trainer.callback_metrics[self.best])
        if not self._snapshot or score < self._snapshot["score"]:
            self._snapshot = {
                "score": score,
                "parameters": deepcopy(_trained(pl_module)),
                "optimizers": [deepcopy(o.state_dict()) for o in trainer.optimizers],
            }

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # Lightning calls checkpoints after all other callbacks.
        if self._undone:
            trainer.callback_metrics[self.best] = torch.tensor(inf)

    def _roll_back(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not self._snapshot:
            return
        self.rollbacks += 1
        self._undone = True
        for name, parameter in _trained(pl_module).items():
            parameter.copy_(self._snapshot["parameters"][name])
        for optimizer, state in zip(trainer.optimizers, self._snapshot["optimizers"], strict=True):
            old = [(group["lr"], group.get("initial_lr")) for group in optimizer.param_groups]
            # A copy: optimizers keep the very tensors they are given, and change them.
            optimizer.load_state_dict(deepcopy(state))
            _set_rates(optimizer, old, self.factor)
        for config in trainer.lr_scheduler_configs:
            # What schedulers compute the next rates from.
            rates = getattr(config.scheduler, "base_lrs", [])
            config.scheduler.base_lrs = [lr * self.factor for lr in rates]

    def state_dict(self) -> dict[str, Any]:
        return {"rollbacks": self.rollbacks, "snapshot": self._snapshot}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.rollbacks = state_dict["rollbacks"]
        self._snapshot = state_dict["snapshot"]


def _trained(pl_module: LightningModule) -> dict[str, Tensor]:
    return {n: p.detach() for n, p in pl_module.named_parameters() if p.requires_grad}


def _set_rates(
    optimizer: Optimizer, rates: list[tuple[float, float | None]], factor: float
) -> None:
    for group, (lr, initial) in zip(optimizer.param_groups, rates, strict=True):
        group["lr"] = lr * factor
        if initial is not None:
            group["initial_lr"] = initial * factor

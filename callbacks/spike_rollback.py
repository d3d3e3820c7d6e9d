"""Undo an epoch in which the loss exploded."""

from collections.abc import Iterator
from copy import deepcopy
from math import inf, isfinite
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn
from torch import Tensor
from torch.optim import Optimizer


class SpikeRollback(Callback):
    """After a bad validation, go back to the best epoch and lower the learning rate for good.

    A validation is bad if ``monitor`` is above the threshold or not a number. Then the trained
    weights, the module's buffers and the optimizer's state become those of the validation with the
    lowest ``best`` so far. *For good*: the learning rate that the optimizer has now is multiplied
    by ``factor``, and so are the base rates of its schedulers, which go on with their schedule; the
    rate is never raised again, and further spikes lower it further. Before the first good
    validation there is nothing to go back to: a value that is not finite is an error then, a finite
    one changes nothing.

    An epoch that was undone has the metric ``rolled_back`` = 1, and ``best`` is infinite when
    checkpoints of its end are saved: under the bad epoch's score they would keep the weights of
    another one. Put what records metrics before this, and let checkpoints be saved at the end of
    training epochs::

        spike_rollback:
          _target_: callbacks.SpikeRollback
          monitor: val/loss
          best: val/total
          threshold: 2.0

    Args:
        monitor: the metric that explodes.
        best: the metric that is lowest in the best epoch.
        threshold: of ``monitor``.
        factor: of the learning rate, above 0 and at most 1.

    Raises:
        ValueError: if a factor or threshold is impossible, a metric is not validated, or the
            monitored one is not finite before the first good validation.
    """

    def __init__(
        self, monitor: str = "val/loss", *, best: str, threshold: float = 2.0, factor: float = 0.5
    ) -> None:
        if not 0 < factor <= 1:
            raise ValueError(f"factor must be above 0 and at most 1, got {factor}")
        if not threshold > 0:
            raise ValueError(f"threshold must be above 0, got {threshold}")
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
        trainer.callback_metrics.pop("rolled_back", None)
        value, score = (_measured(trainer, name) for name in (self.monitor, self.best))
        if value <= self.threshold:
            if score < self._snapshot.get("score", inf):
                self._snapshot = _snapshot(trainer, pl_module, score)
        elif self._snapshot:
            self._roll_back(trainer, pl_module)
        elif not isfinite(value):
            raise ValueError(
                f"training diverged: {self.monitor} is {value:g} in epoch {trainer.current_epoch}, "
                "before any epoch to go back to. Lower the learning rate or clip gradients"
            )

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # Lightning calls checkpoints after all other callbacks.
        if self._undone:
            trainer.callback_metrics[self.best] = torch.tensor(inf)
            self._undone = False

    def _roll_back(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.rollbacks += 1
        self._undone = True
        trainer.callback_metrics["rolled_back"] = torch.tensor(1.0)
        for name, tensor in _trained(pl_module).items():
            tensor.copy_(self._snapshot["weights"][name])
        for optimizer, state in zip(trainer.optimizers, self._snapshot["optimizers"], strict=True):
            old = [(group["lr"], group.get("initial_lr")) for group in optimizer.param_groups]
            # A copy: optimizers keep the very tensors they are given, and change them.
            optimizer.load_state_dict(deepcopy(state))
            _set_rates(optimizer, old, self.factor)
        for config in trainer.lr_scheduler_configs:
            for scheduler in _with_parts(config.scheduler):
                # What schedulers compute the next rates from.
                if hasattr(scheduler, "base_lrs"):
                    scheduler.base_lrs = [lr * self.factor for lr in scheduler.base_lrs]

    def state_dict(self) -> dict[str, Any]:
        return {"rollbacks": self.rollbacks, "snapshot": self._snapshot}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.rollbacks = state_dict["rollbacks"]
        self._snapshot = state_dict["snapshot"]


def _measured(trainer: Trainer, name: str) -> float:
    if name not in trainer.callback_metrics:
        found = ", ".join(sorted(trainer.callback_metrics)) or "none"
        raise ValueError(f"{name} is no metric of the validation; there are: {found}")
    return float(trainer.callback_metrics[name])


def _snapshot(trainer: Trainer, pl_module: LightningModule, score: float) -> dict[str, Any]:
    return {
        "score": score,
        "weights": {name: tensor.clone() for name, tensor in _trained(pl_module).items()},
        "optimizers": [deepcopy(o.state_dict()) for o in trainer.optimizers],
    }


def _trained(pl_module: LightningModule) -> dict[str, Tensor]:
    """All that is saved of the module, without its frozen parameters."""
    frozen = {name for name, p in pl_module.named_parameters() if not p.requires_grad}
    state = {n: t for n, t in pl_module.state_dict().items() if isinstance(t, Tensor)}
    return {name: t.detach() for name, t in state.items() if name not in frozen}


def _with_parts(scheduler: Any) -> Iterator[Any]:
    """A scheduler and those that it is composed of."""
    yield scheduler
    for part in getattr(scheduler, "_schedulers", ()):
        yield from _with_parts(part)


def _set_rates(
    optimizer: Optimizer, rates: list[tuple[float, float | None]], factor: float
) -> None:
    for group, (lr, initial) in zip(optimizer.param_groups, rates, strict=True):
        group["lr"] = lr * factor
        if initial is not None:
            group["initial_lr"] = initial * factor

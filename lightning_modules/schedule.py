"""An optimizer and how its learning rate changes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import nn
from torch.optim import Optimizer

OptimizerFactory = Callable[[Iterable[nn.Parameter]], Optimizer]


@dataclass(frozen=True)
class Schedule:
    """A learning-rate scheduler and how often it is stepped.

    Args:
        scheduler: makes one for an optimizer.
        interval: step it after every optimizer ``"step"`` or after every ``"epoch"``.
    """

    scheduler: Callable[[Optimizer], Any]
    interval: Literal["step", "epoch"] = "epoch"


@dataclass(frozen=True)
class WarmUp:
    r"""The factor of the learning rate in a linear warm-up, for ``LambdaLR`` after every step.

    .. math:: \eta_n = \eta \min(1, n / W)

    is the learning rate of the n-th step, n = 1, 2, …

    Args:
        steps: W.
    """

    steps: int

    def __call__(self, steps_done: int) -> float:
        return min(1.0, (steps_done + 1) / self.steps)


def scheduled(
    parameters: Iterable[nn.Parameter], optimizer: OptimizerFactory, schedule: Schedule | None
) -> OptimizerLRScheduler:
    """What ``configure_optimizers`` returns."""
    made = optimizer(parameters)
    if schedule is None:
        return made
    scheduler = schedule.scheduler(made)
    return {
        "optimizer": made,
        "lr_scheduler": {"scheduler": scheduler, "interval": schedule.interval},
    }

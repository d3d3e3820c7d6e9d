"""An optimizer and how its learning rate changes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import cos, pi
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


@dataclass(frozen=True)
class WarmUpCosine:
    r"""The factor of the learning rate in a linear warm-up and a cosine, for ``LambdaLR``.

    .. math::
        \eta_n = \eta \begin{cases}
            n / (W + 1) & n \le W \\
            \tfrac12 \bigl(1 + \cos(\pi (n - W - 1) / (N - W))\bigr) & n > W
        \end{cases}

    is the learning rate of the n-th epoch (or step), n = 1, 2, …, N. Where there are no more than
    W, all of them warm up.

    Args:
        warm_up: W.
        total: N.
    """

    warm_up: int
    total: int

    def __call__(self, done: int) -> float:
        if done < self.warm_up:
            return (done + 1) / (self.warm_up + 1)
        return (1 + cos(pi * (done - self.warm_up) / max(1, self.total - self.warm_up))) / 2


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

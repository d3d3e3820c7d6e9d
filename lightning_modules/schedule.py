"""Build an optimizer and the scheduler of its learning rate."""

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR

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

    is the learning rate of the n-th step, n = 1, 2, … Unlike ``LinearLR``, which multiplies the
    last rate, it adds up no rounding errors: committed results come out again.

    Args:
        steps: W.
    """

    steps: int

    def __call__(self, steps_done: int) -> float:
        return min(1.0, (steps_done + 1) / self.steps)


def warmup_cosine(optimizer: Optimizer, *, warmup: int, total: int) -> SequentialLR:
    r"""A scheduler with a linear warm-up, then a cosine.

    .. math::
        \eta_n = \eta \begin{cases}
            n / (W + 1) & n \le W \\
            \tfrac12 \bigl(1 + \cos(\pi (n - W - 1) / (N - W))\bigr) & n > W
        \end{cases}

    is the learning rate of the n-th epoch (or step), n = 1, 2, …, N. Where there are no more than
    W, all of them warm up.

    Args:
        optimizer: whose rate changes.
        warmup: W.
        total: N.
    """
    linear = LinearLR(optimizer, start_factor=1 / (warmup + 1), total_iters=warmup)
    cosine = CosineAnnealingLR(optimizer, T_max=max(1, total - warmup))
    return SequentialLR(optimizer, [linear, cosine], milestones=[warmup])


def scheduled(
    parameters: Iterable[nn.Parameter],
    optimizer: OptimizerFactory,
    schedule: Schedule | None,
    *,
    skip: int = 0,
) -> OptimizerLRScheduler:
    """Build the return value of ``configure_optimizers``.

    Args:
        parameters: to optimize.
        optimizer: makes an optimizer for them.
        schedule: of its learning rate; ``None`` for a constant one.
        skip: steps or epochs of the schedule to leave out, whatever its interval is.
    """
    made = optimizer(parameters)
    if schedule is None:
        return made
    scheduler = schedule.scheduler(made)
    with warnings.catch_warnings():
        # The optimizer's first step comes after these.
        warnings.filterwarnings("ignore", "Detected call of `lr_scheduler.step")
        for _ in range(skip):
            scheduler.step()
    return {
        "optimizer": made,
        "lr_scheduler": {"scheduler": scheduler, "interval": schedule.interval},
    }

"""The settings of fine-tuning."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch.optim import Optimizer

from scalegmn.distillation import Distillation

ENGINES = ("lightning", "stacked", "auto")


@dataclass(frozen=True)
class FineTuning:
    """The budget of fine-tuning, the same for every method.

    Args:
        optimizer: makes an optimizer, given parameters and a learning rate.
        lr: one learning rate or several, of which the lowest validation loss chooses.
        max_epochs: when to stop at the latest; 0 does not fine-tune.
        patience: epochs without a lower validation loss until it stops.
        engine: ``lightning`` fits one network after the other, ``stacked`` all networks of a run at
            once, ``auto`` what suits.
        distill: from the dense network; ``None`` for plain cross-entropy.

    Raises:
        ValueError: if there is no such engine.
    """

    optimizer: Callable[..., Optimizer]
    lr: float | Sequence[float]
    max_epochs: int
    patience: int
    engine: str = "lightning"
    distill: Distillation | None = None

    def __post_init__(self) -> None:
        if self.engine not in ENGINES:
            raise ValueError(f"finetune.engine={self.engine}: expected one of {', '.join(ENGINES)}")

    @property
    def grid(self) -> list[float]:
        """The learning rates as a list."""
        return [self.lr] if isinstance(self.lr, int | float) else list(self.lr)

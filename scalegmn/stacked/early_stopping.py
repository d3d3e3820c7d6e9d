"""Early stopping of each network of a stack by itself."""

from dataclasses import dataclass
from math import inf, isfinite


@dataclass
class EarlyStopping:
    """Counts epochs without a lower loss.

    Args:
        patience: epochs without a lower loss until it stops.
        best: the lowest loss so far.
        waited: epochs since then.
        stopped: whether training is over; a loss that is not finite ends it, too.
    """

    patience: int
    best: float = inf
    waited: int = 0
    stopped: bool = False

    def update(self, loss: float) -> bool:
        """Take the loss of the next epoch.

        Returns:
            Whether it is the lowest so far.
        """
        if not isfinite(loss):
            self.stopped = True
            return False
        if loss < self.best:
            self.best, self.waited = loss, 0
            return True
        self.waited += 1
        self.stopped = self.waited >= self.patience
        return False

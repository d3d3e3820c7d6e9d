"""The fine-tuning routine that every method shares."""

import shutil
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from functools import partial
from math import inf, isnan
from pathlib import Path
from typing import Any

from lightning import Trainer
from torch import nn
from torch.optim import Optimizer

from callbacks.gradient_freezing import GradientFreezing
from callbacks.inner_training import InnerTraining
from callbacks.masking import Masking
from callbacks.patience import Patience
from callbacks.thresholding import Thresholding
from pipelines.one_or_several import one_or_several
from pipelines.remembered import remembered
from scalegmn.formats import load_state, save_network

NETWORK = "network.safetensors"


@dataclass(frozen=True)
class Tuned:
    """The outcome of fine-tuning a pruned network with one learning rate.

    Args:
        lr: the learning rate.
        epochs: epochs until it stopped.
        val_loss: cross-entropy of the best weights.
        val_acc: their accuracy.
    """

    lr: float
    epochs: int
    val_loss: float
    val_acc: float


class FineTuning:
    """Fine-tunes a pruned network until validation stops improving, and keeps its best weights.

    Args:
        inner: does the training.
        optimizer: makes an optimizer, given parameters and a learning rate.
        learning_rates: one or several; the one with the lowest validation loss counts.
        max_epochs: when to stop at the latest.
        patience: when to stop: after so many epochs without a lower validation loss.

    Raises:
        ValueError: if a learning rate is out of range.
    """

    def __init__(
        self,
        inner: InnerTraining,
        *,
        optimizer: Callable[..., Optimizer],
        learning_rates: float | Sequence[float],
        max_epochs: int,
        patience: int,
    ) -> None:
        self.learning_rates = one_or_several(learning_rates)
        if not self.learning_rates or not all(lr > 0 for lr in self.learning_rates):
            raise ValueError(f"finetune.lr must be above 0, got {learning_rates}")
        self.inner = inner
        self.optimizer = optimizer
        self.max_epochs = max_epochs
        self.patience = patience

    def best(
        self, trainer: Trainer, net: nn.Module, threshold: Callable[[], Thresholding], folder: Path
    ) -> Tuned:
        """Prune and fine-tune with each learning rate, and choose by validation loss.

        Args:
            trainer: the one whose run goes on.
            net: the network to prune; it gets the weights that were chosen.
            threshold: makes the callback that prunes it.
            folder: for one folder per learning rate; finished ones are not repeated.
        """
        outcomes = {}
        for lr in self.learning_rates:
            own = folder / f"lr_{lr:g}"
            work = partial(self._tune, trainer, net, threshold(), lr, own)
            outcome = remembered(own / "result.json", work, trainer=trainer)
            outcomes[own] = Tuned(**outcome)
            shutil.rmtree(own / "checkpoints", ignore_errors=True)
        chosen = min(outcomes, key=lambda own: _or_infinite(outcomes[own].val_loss))
        net.load_state_dict(load_state(chosen / NETWORK, net))
        return outcomes[chosen]

    def _tune(
        self, trainer: Trainer, net: nn.Module, threshold: Thresholding, lr: float, folder: Path
    ) -> dict[str, Any]:
        # The weights right after pruning, epoch 0, are a candidate as well.
        pruned, tuned = deepcopy(net), deepcopy(net)
        threshold.choose(net).apply_(pruned)
        patience = Patience("val/loss", patience=self.patience)
        epochs = self.inner.fit(
            trainer,
            self.inner.classifier(tuned, optimizer=partial(self.optimizer, lr=lr)),
            folder=folder,
            max_epochs=self.max_epochs,
            callbacks=[threshold, Masking(), GradientFreezing(), patience],
        )
        measured = [(self.inner.evaluate(trainer, n, "val"), n) for n in (pruned, tuned)]
        quality, best = min(measured, key=lambda pair: _or_infinite(pair[0].loss))
        if trainer.is_global_zero:
            save_network(folder / NETWORK, best.state_dict(), {})
        return asdict(Tuned(lr, epochs, quality.loss, quality.accuracy))


def _or_infinite(loss: float) -> float:
    return inf if isnan(loss) else loss

"""Fine-tune one network with Lightning."""

from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from callbacks import EarlyStoppedFineTuning, GradientFreezing, Masking
from lightning_modules.classifier import Classifier
from lightning_modules.distilled import Distilled
from pipelines.evaluation import evaluate
from pipelines.finetuning.outcome import or_infinite, outcome
from pipelines.finetuning.settings import FineTuning
from pipelines.fit import Budget, fit
from pipelines.run import Run
from scalegmn.pruning import Mask


def finetune_one(
    run: Run, pruned: nn.Module, mask: Mask, lr: float, folder: Path, teacher: nn.Module
) -> dict[str, Any]:
    """Fine-tune a network under its mask with one learning rate.

    Args:
        run: gives the data and the budget.
        pruned: the network; it is not changed.
        mask: what is kept.
        lr: the learning rate.
        folder: for the files of the fit.
        teacher: the dense network, for distillation.

    Returns:
        A :class:`reporting.FineTuneRate` as a dictionary.
    """
    settings: FineTuning = run.build("finetune")
    run.seed()
    tuned = deepcopy(pruned)
    epochs = fit(
        run,
        _module(settings, tuned, lr, teacher),
        Budget(settings.max_epochs),
        folder=folder,
        label=f"{folder.parent.name}/{folder.name}",
        callbacks=[
            Masking(mask),
            GradientFreezing(mask),
            EarlyStoppedFineTuning("val/loss", patience=settings.patience),
        ],
    )
    # The weights right after pruning, epoch 0, are a candidate as well.
    measured = [(evaluate(run, net, "val"), net) for net in (pruned, tuned)]
    quality, best = min(measured, key=lambda pair: or_infinite(pair[0].loss))
    return outcome(run, best, quality, lr=lr, epochs=epochs, folder=folder)


def _module(settings: FineTuning, net: nn.Module, lr: float, teacher: nn.Module) -> Classifier:
    optimizer = partial(settings.optimizer, lr=lr)
    if settings.distill is None:
        return Classifier(net, optimizer=optimizer)
    return Distilled(net, deepcopy(teacher), settings.distill, optimizer=optimizer)

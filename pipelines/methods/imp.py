"""Iterative magnitude pruning: prune and train in rounds."""

import shutil
from collections.abc import Iterator, Sequence
from copy import deepcopy
from functools import partial
from math import inf, isfinite
from pathlib import Path
from typing import Any

from torch import nn

from callbacks import EarlyStoppedFineTuning, GradientFreezing, Masking
from lightning_modules.classifier import Classifier
from pipelines.evaluation import evaluate
from pipelines.fit import Budget, fit
from pipelines.methods.candidate import Candidate
from pipelines.methods.one_shot import OneShot
from pipelines.methods.rounds import prune_in_rounds
from pipelines.run import Run
from pipelines.stage import once
from scalegmn.arguments import check_whole
from scalegmn.pruning import Mask, equal_rates, load_masked, save_masked

NETWORK = "network.safetensors"


class IMP:
    """Prune a little, fine-tune what is left, and repeat; nothing is rewound.

    Each sparsity has a chain of n rounds of its own, in which the same fraction of what is left is
    pruned (:func:`scalegmn.pruning.equal_rates`). A round trains as fine-tuning does, with a new
    optimizer, and keeps the best epoch by validation loss. The training of the last round is the
    fine-tuning that all methods share. A candidate's epochs are those of its rounds, each with the
    learning rate that was chosen.

    Reference: Han et al., *Learning both Weights and Connections for Efficient Neural Networks*,
    2015, arXiv:1506.02626.

    Args:
        name: of the method.
        prune: how what is left is pruned.
        rounds: n.
        lr: learning rate of the rounds, or several, of which each round chooses by validation loss;
            optimizer, patience and the most epochs are those of ``finetune``.

    Raises:
        ValueError: if ``rounds`` is no count, or two learning rates have the same name.
    """

    def __init__(
        self, *, name: str, prune: OneShot, rounds: int, lr: float | Sequence[float]
    ) -> None:
        check_whole("pruner.rounds", rounds)
        self.rates = [lr] if isinstance(lr, int | float) else list(lr)
        names = [f"{rate:g}" for rate in self.rates]
        if len(set(names)) < len(names):
            raise ValueError(f"pruner.lr={self.rates}: two of them would have the same folder")
        self.name = name
        self.pruner = prune
        self.rounds = rounds

    def candidates(
        self, run: Run, dense: nn.Module, sparsities: Sequence[float]
    ) -> Iterator[Candidate]:
        yield from self.prune(run, dense, sparsities)

    def prune(
        self, run: Run, net: nn.Module, sparsities: Sequence[float], *, epochs: int = 0
    ) -> Iterator[Candidate]:
        """Candidates from any network; see :class:`~pipelines.methods.NetworkPruner`."""
        for sparsity in sparsities:
            *earlier, _ = equal_rates(sparsity, self.rounds)
            trained, mask, used = prune_in_rounds(
                run,
                net,
                earlier,
                prune=self.pruner,
                train=partial(self._train, run),
                folder=run.folder / f"{self.name}_{100 * sparsity:g}",
            )
            yield from self.pruner.prune(
                run, trained, [sparsity], epochs=epochs + used, within=mask
            )

    def _train(self, run: Run, net: nn.Module, mask: Mask, folder: Path) -> int:
        outcomes = {}
        for lr in self.rates:
            work = folder / f"lr_{lr:g}"
            outcomes[work] = once(
                run,
                work / "result.json",
                partial(_tune, run, net, mask, lr, work),
                keys=["epochs", "val_loss"],
                leaves=[work / NETWORK],
            )
            if run.processes.is_first:
                shutil.rmtree(work / "checkpoints", ignore_errors=True)
        best = min(outcomes, key=lambda work: _or_infinite(outcomes[work]["val_loss"]))
        load_masked(best / NETWORK, net)
        return outcomes[best]["epochs"]


def _tune(run: Run, pruned: nn.Module, mask: Mask, lr: float, folder: Path) -> dict[str, Any]:
    settings = run.build("finetune")
    run.seed()
    tuned = deepcopy(pruned).requires_grad_(True)
    epochs = fit(
        run,
        Classifier(tuned, optimizer=partial(settings.optimizer, lr=lr)),
        Budget(settings.max_epochs),
        folder=folder,
        label=f"{folder.parents[1].name}/{folder.parent.name}/{folder.name}",
        callbacks=[
            Masking(mask),
            GradientFreezing(mask),
            EarlyStoppedFineTuning("val/loss", patience=settings.patience),
        ],
    )
    # The weights right after pruning, epoch 0, are a candidate as well.
    measured = [(evaluate(run, net, "val").loss, net) for net in (pruned, tuned)]
    loss, best = min(measured, key=lambda pair: _or_infinite(pair[0]))
    if run.processes.is_first:
        save_masked(folder / NETWORK, best, mask)
    return {"epochs": epochs, "val_loss": loss if isfinite(loss) else None}


def _or_infinite(loss: float | None) -> float:
    return loss if loss is not None and isfinite(loss) else inf

"""Iterative magnitude pruning: prune and train in rounds."""

import shutil
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from torch import nn

from pipelines.finetuning.one_by_one import finetune_one
from pipelines.finetuning.outcome import NETWORK, RESULT, or_infinite
from pipelines.methods.candidate import Candidate
from pipelines.methods.one_shot import OneShot, check_prunes_weights
from pipelines.methods.rounds import prune_in_rounds
from pipelines.run import Run
from pipelines.stage import once
from scalegmn.arguments import check_whole
from scalegmn.formats import load_state
from scalegmn.pruning import Mask, equal_rates


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
            optimizer, patience, the most epochs and distillation (from the network to prune) are
            those of ``finetune``.

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
        check_prunes_weights(prune, name)
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
                train=partial(self._train, run, net),
                folder=run.folder / f"{self.name}_{100 * sparsity:g}",
            )
            yield from self.pruner.prune(
                run, trained, [sparsity], epochs=epochs + used, within=mask
            )

    def _train(self, run: Run, teacher: nn.Module, net: nn.Module, mask: Mask, folder: Path) -> int:
        outcomes = {}
        for lr in self.rates:
            work = folder / f"lr_{lr:g}"
            tune = partial(finetune_one, run, net, mask, lr, work, teacher)
            leaves = [work / NETWORK]
            outcomes[work] = once(run, work / RESULT, tune, keys=["epochs"], leaves=leaves)
            if run.processes.is_first:
                shutil.rmtree(work / "checkpoints", ignore_errors=True)
        best = min(outcomes, key=lambda work: or_infinite(outcomes[work]["val_loss"]))
        net.load_state_dict(load_state(best / NETWORK, net))
        return outcomes[best]["epochs"]

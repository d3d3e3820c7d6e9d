"""A round of invariant pruning: one fit of a network's own parameters under one predictor."""

import logging
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightning import Callback
from torch import Tensor, nn

from callbacks import Snapshots, SparsityMilestones, StopOnDivergence
from datamodules.steps import Steps
from lightning_modules.invariant_pruner import InvariantPruner
from pipelines.evaluation import evaluate
from pipelines.fit import Budget, fit
from pipelines.guards.visited import measured
from pipelines.methods.milestones import milestones
from pipelines.run import Run
from scalegmn.formats import save_network
from scalegmn.pruning import magnitude, make_mask, save_masked

log = logging.getLogger(__name__)

NETWORK = "optimised.safetensors"
VISITED = "visited.safetensors"


@dataclass(frozen=True, eq=False)
class Optimisation:
    """What all rounds share.

    Args:
        name: of the method.
        callbacks: of each fit, besides those that record it, by name.
        steps_per_epoch: optimizer steps between two validations.
        gradient_clip_val: the largest norm of the gradient; ``None`` for any.
        patience: epochs without a new zero after which it ends.
        prune_biases: biases, too.
    """

    name: str
    callbacks: Mapping[str, Callback]
    steps_per_epoch: int
    gradient_clip_val: float | None
    patience: int
    prune_biases: bool

    def round(
        self,
        run: Run,
        module: InvariantPruner,
        files: Mapping[float, Path],
        *,
        epochs: int,
        last: bool,
        folder: Path,
        ckpt_path: str | None = None,
    ) -> dict[str, Any]:
        """Optimise, and leave the network, those of the sparsities passed, and those visited.

        Args:
            run: gives images and devices.
            module: with the network and what judges it.
            files: of the sparsities that no earlier round has passed.
            epochs: of the round at most.
            last: whether what is not passed is to be pruned by magnitude.
            folder: of the stage.
            ckpt_path: a checkpoint to start from, where the folder has none.

        Returns:
            ``candidates`` by sparsity with what was measured, ``steps`` until they were passed, the
            number of networks ``visited`` for another round, and whether it is all ``done``.
        """
        passing = SparsityMilestones(files, patience=self.patience, prune_biases=self.prune_biases)
        visiting = Snapshots()
        own = deepcopy(list(self.callbacks.values()))
        trained = fit(
            run,
            module,
            Budget(epochs, self.gradient_clip_val, monitor=None),
            folder=folder,
            label=self.name,
            data=Steps(run.data, steps=self.steps_per_epoch),
            callbacks=[StopOnDivergence(), *own, passing, *([] if last else [visiting])],
            ckpt_path=ckpt_path,
        )
        done = last or trained < epochs or len(passing.passed) == len(files)
        short = [s for s in files if done and s not in passing.passed]
        reached = self._complete(run, module.net, {s: files[s] for s in short})
        found = {s: files[s] for s in files if s in passing.passed or s in short}
        networks = milestones(deepcopy(module.net), found)
        candidates = {
            s: self._measured(run, module, pruned)
            | {"method_sparsity": reached if s in short else None}
            for s, (pruned, _) in zip(found, networks, strict=True)
        }
        if run.processes.is_first:
            save_network(folder / NETWORK, module.net.state_dict(), {})
        visited = 0 if done else self._save_visited(run, module.net, visiting.taken, folder)
        run.processes.barrier()
        return {
            "candidates": candidates,
            "steps": passing.passed,
            "visited": visited,
            "done": done,
        }

    def _save_visited(
        self, run: Run, net: nn.Module, networks: Sequence[dict[str, Tensor]], folder: Path
    ) -> int:
        """Measure the networks of a round for the refinement that follows; returns how many."""
        visited = measured(run, net, networks)
        if run.processes.is_first:
            visited.save(folder / VISITED)
        return len(visited)

    def _complete(self, run: Run, net: nn.Module, files: Mapping[float, Path]) -> float:
        """Prune by magnitude what was not reached; returns the sparsity that was."""
        scores = magnitude(net, prune_biases=self.prune_biases)
        total = sum(score.numel() for score in scores.values())
        reached = sum(int((score == 0).sum()) for score in scores.values()) / total
        if files and run.processes.is_first:
            for sparsity, file in files.items():
                save_masked(file, net, make_mask(scores, sparsity))
            left = " and ".join(f"{100 * sparsity:g}" for sparsity in files)
            message = "%s reached %.4g %% by itself: the smallest magnitudes make up for %s %%"
            log.warning(message, self.name, 100 * reached, left)
        run.processes.barrier()
        return reached

    def _measured(self, run: Run, module: InvariantPruner, net: nn.Module) -> dict[str, Any]:
        """What the predictor promises for a candidate, and what it is."""
        return {
            "predicted_acc": module.predicted(dict(net.named_parameters())).item(),
            "val_acc_before_finetune": evaluate(run, net, "val").accuracy,
        }

"""A round of invariant pruning: one fit of a network's own parameters under one predictor."""

import logging
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning import Callback
from torch import nn

from callbacks import Snapshots, SparsityMilestones, StopOnDivergence
from callbacks.snapshots import copied
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
        visit: bool,
        folder: Path,
        ckpt_path: str | None = None,
    ) -> dict[str, Any]:
        """Optimise, and leave the network, those of the sparsities passed, and those visited.

        Args:
            run: gives images and devices.
            module: with the network and what judges it.
            files: of the sparsities that no earlier round has passed.
            epochs: of the round at most.
            visit: whether to leave the networks after each epoch and the candidates, measured.
            folder: of the stage.
            ckpt_path: a checkpoint to start from, where the folder has none.

        Returns:
            ``candidates`` by sparsity with what was measured, ``steps`` until they were passed,
            the steps until the network after each epoch, if they are ``visited``, and whether it
            ``stalled``: ended early, with sparsities left.
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
            callbacks=[StopOnDivergence(), *own, passing, *([visiting] if visit else [])],
            ckpt_path=ckpt_path,
        )
        passed = {s: file for s, file in files.items() if s in passing.passed}
        candidates = self._candidates(run, module, passed, method_sparsity=None)
        if run.processes.is_first:
            save_network(folder / NETWORK, module.net.state_dict(), {})
        visited = self._save_visited(run, module, visiting, passed, folder) if visit else []
        run.processes.barrier()
        return {
            "candidates": candidates,
            "steps": {f"{s}": step for s, step in passing.passed.items()},
            "visited": visited,
            "stalled": trained < epochs and len(passed) < len(files),
        }

    def complete(
        self, run: Run, module: InvariantPruner, files: Mapping[float, Path]
    ) -> dict[str, Any]:
        """Prune by magnitude what was not reached, and leave the networks.

        Args:
            run: gives images and devices.
            module: with the last network and what judges it.
            files: of the sparsities that no round has passed.

        Returns:
            By sparsity, what was measured.
        """
        scores = magnitude(module.net, prune_biases=self.prune_biases)
        reached = self.zeros(module.net) / sum(score.numel() for score in scores.values())
        if run.processes.is_first:
            for sparsity, file in files.items():
                save_masked(file, module.net, make_mask(scores, sparsity))
            left = " and ".join(f"{100 * sparsity:g}" for sparsity in files)
            message = "%s reached %.4g %% by itself: the smallest magnitudes make up for %s %%"
            log.warning(message, self.name, 100 * reached, left)
        run.processes.barrier()
        return self._candidates(run, module, files, method_sparsity=reached)

    def zeros(self, net: nn.Module) -> int:
        """How many prunable entries are zero."""
        scores = magnitude(net, prune_biases=self.prune_biases)
        return sum(int((score == 0).sum()) for score in scores.values())

    def _save_visited(
        self,
        run: Run,
        module: InvariantPruner,
        visiting: Snapshots,
        passed: Mapping[float, Path],
        folder: Path,
    ) -> list[int]:
        """Measure the networks of a round; returns the steps until those after each epoch."""
        # Where all is passed before the first step there is no epoch.
        after_epochs = visiting.taken or [copied(module.net)]
        candidates = [copied(net) for net, _ in milestones(deepcopy(module.net), passed)]
        networks = [*after_epochs, *candidates]
        promised = torch.stack([module.predicted(params).cpu() for params in networks])
        visited = measured(run, module.net, networks, promised)
        if run.processes.is_first:
            visited.save(folder / VISITED)
        return visiting.steps or [0]

    def _candidates(
        self,
        run: Run,
        module: InvariantPruner,
        files: Mapping[float, Path],
        *,
        method_sparsity: float | None,
    ) -> dict[str, dict[str, Any]]:
        """What the predictor promises for each network in the files, and what it is."""
        networks = milestones(deepcopy(module.net), files)
        return {
            f"{sparsity}": {
                "predicted_acc": module.predicted(dict(net.named_parameters())).item(),
                "val_acc_before_finetune": evaluate(run, net, "val").accuracy,
                "method_sparsity": method_sparsity,
            }
            for sparsity, (net, _) in zip(files, networks, strict=True)
        }

"""Invariant pruning: train the network's own parameters by what a predictor says of them."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

from lightning import Callback
from torch import nn

from callbacks import SparsityMilestones, StopOnDivergence, ThresholdWeights
from datamodules.steps import Steps
from lightning_modules.invariant_pruner import InvariantPruner
from pipelines.evaluation import evaluate
from pipelines.fit import Budget, fit
from pipelines.guards import Guard
from pipelines.methods.candidate import Candidate
from pipelines.methods.milestones import milestone_files, milestones
from pipelines.methods.own_folder import own_folder
from pipelines.run import Run
from pipelines.stage import announced, once
from reporting import Guidance
from scalegmn.arguments import check_whole
from scalegmn.pruning import magnitude, make_mask, save_masked

log = logging.getLogger(__name__)


class ScaleGMNInv:
    r"""Prune along :math:`\min_\theta \lambda \lVert \theta \rVert_1 - f(G, \theta)`, f frozen.

    No images are read: the predictor f says how good the network is. Weights that fall below a
    threshold become zero for good. When the zeros pass a sparsity, the network of that moment, with
    exactly as many zeros, is a candidate; the optimisation goes on from the network as it is. Where
    it ends before, the smallest magnitudes of its last network are pruned as well, and the row of
    the results says which sparsity it had reached (``method_sparsity``).

    Reference: Byrman et al., *Neural Network Pruning with Scale Equivariant Graph Metanetworks*,
    section 2, eq. (2).

    Args:
        name: of the method.
        module: makes the LightningModule, given the network and the judge.
        guard: makes the judge: how far the predictor is followed.
        callbacks: of the optimisation, by name; one of them makes the zeros.
        steps_per_epoch: optimizer steps between two validations.
        max_epochs: how long the network is optimised at most.
        gradient_clip_val: the largest norm of the gradient; ``None`` for any.
        patience: epochs without a new zero after which it ends.
        prune_biases: biases, too.

    Raises:
        ValueError: if a number is out of range, the module is another method's, or no callback
            makes zeros.
    """

    def __init__(
        self,
        *,
        name: str,
        module: Callable[..., InvariantPruner],
        guard: Guard,
        callbacks: Mapping[str, Callback],
        steps_per_epoch: int,
        max_epochs: int,
        gradient_clip_val: float | None = None,
        patience: int,
        prune_biases: bool = False,
    ) -> None:
        if getattr(module, "func", module) is not InvariantPruner:
            raise ValueError(f"pruner={name} needs model=invariant_pruner")
        if not any(isinstance(c, ThresholdWeights) for c in callbacks.values()):
            raise ValueError(f"pruner={name} needs one that makes zeros: callbacks=threshold")
        check_whole("pruner.steps_per_epoch", steps_per_epoch)
        check_whole("pruner.max_epochs", max_epochs)
        check_whole("pruner.patience", patience)
        self.name = name
        self.module = module
        self.guard = guard
        self.callbacks = callbacks
        self.steps_per_epoch = steps_per_epoch
        self.budget = Budget(max_epochs, gradient_clip_val, monitor=None)
        self.patience = patience
        self.prune_biases = prune_biases

    def guidance(self) -> Guidance:
        """What the results state about the predictor."""
        return self.guard.guidance()

    def candidates(
        self, run: Run, dense: nn.Module, sparsities: Sequence[float]
    ) -> Iterator[Candidate]:
        folder = own_folder(run, self.name)
        files = milestone_files(folder, "sparse", sparsities)
        work, leaves = partial(self._fit, run, dense, files, folder), list(files.values())
        done = once(run, folder / "invariant.json", work, keys=["measured"], leaves=leaves)
        found = zip(files, milestones(dense, files), done["measured"], strict=True)
        for sparsity, (pruned, mask), measured in found:
            yield Candidate(sparsity, pruned, mask, measured=measured)

    def _fit(
        self, run: Run, dense: nn.Module, files: Mapping[float, Path], folder: Path
    ) -> dict[str, Any]:
        """Optimise, and leave the network of each sparsity."""
        run.seed()
        module = self.module(deepcopy(dense).requires_grad_(True), self.guard.judge(run))
        passing = SparsityMilestones(files, patience=self.patience, prune_biases=self.prune_biases)
        steps = self.budget.max_epochs * self.steps_per_epoch
        with announced(run.processes, f"{self.name}: at most {steps} steps"):
            fit(
                run,
                module,
                self.budget,
                folder=folder,
                label=self.name,
                data=Steps(run.data, steps=self.steps_per_epoch),
                callbacks=[StopOnDivergence(), *self.callbacks.values(), passing],
                ckpt_path=run.cfg.ckpt_path if folder == run.folder else None,
            )
        short = {s: file for s, file in files.items() if s not in passing.passed}
        reached = self._complete(run, module.net, short)
        measured = [
            self._measure(run, module, pruned) | {"method_sparsity": reached.get(sparsity)}
            for sparsity, (pruned, _) in zip(files, milestones(dense, files), strict=True)
        ]
        return {"steps": passing.passed, "measured": measured}

    def _complete(
        self, run: Run, net: nn.Module, files: Mapping[float, Path]
    ) -> dict[float, float]:
        """Prune by magnitude what was not reached; returns what was, by sparsity."""
        scores = magnitude(net, prune_biases=self.prune_biases)
        total = sum(score.numel() for score in scores.values())
        zeros = sum(int((score == 0).sum()) for score in scores.values())
        if files and run.processes.is_first:
            for sparsity, file in files.items():
                save_masked(file, net, make_mask(scores, sparsity))
            left = " and ".join(f"{100 * sparsity:g}" for sparsity in files)
            message = "%s reached %.4g %% by itself: the smallest magnitudes make up for %s %%"
            log.warning(message, self.name, 100 * zeros / total, left)
        run.processes.barrier()
        return dict.fromkeys(files, zeros / total)

    def _measure(self, run: Run, module: InvariantPruner, net: nn.Module) -> dict[str, Any]:
        """What the predictor promises for a candidate, and what it is."""
        return {
            "predicted_acc": module.predicted(dict(net.named_parameters())).item(),
            "val_acc_before_finetune": evaluate(run, net, "val").accuracy,
        }

"""Gradual magnitude pruning: prune more and more in one long training."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from callbacks import GradualPruning, StopOnDivergence
from lightning_modules.classifier import Classifier
from lightning_modules.schedule import OptimizerFactory, Schedule
from pipelines.fit import Budget, fit
from pipelines.methods.candidate import Candidate
from pipelines.methods.milestones import milestone_files, milestones
from pipelines.methods.one_shot import OneShot, check_prunes_weights
from pipelines.methods.own_folder import own_folder
from pipelines.run import Run
from pipelines.stage import announced, once
from scalegmn.arguments import check_number, check_whole
from scalegmn.pruning import Batches


class GMP:
    """Train a network while it is pruned along a cubic schedule to the largest sparsity.

    A smaller sparsity's candidate is the network when the schedule passes that sparsity, pruned to
    it exactly; the largest one's is the network at the end of the training, whose last part keeps
    the mask. A candidate's epochs are those until then. So all sparsities of a run share one
    training, and each has seen fewer epochs than the next.

    Reference: Zhu and Gupta, *To prune, or not to prune*, 2017, arXiv:1710.01878.

    Args:
        name: of the method.
        prune: what is pruned, of what is left.
        optimizer: makes an optimizer for the network's parameters.
        scheduler: of its learning rate; ``None`` for a constant one.
        max_epochs: how long the network is trained.
        gradient_clip_val: the largest norm of the gradient; ``None`` for any.
        ramp: fraction of the training after which the largest sparsity is reached.
        every_n_steps: optimizer steps between two masks.

    Raises:
        ValueError: if a number is out of range.
    """

    def __init__(
        self,
        *,
        name: str,
        prune: OneShot,
        optimizer: OptimizerFactory,
        scheduler: Schedule | None = None,
        max_epochs: int,
        gradient_clip_val: float | None = None,
        ramp: float = 0.75,
        every_n_steps: int = 100,
    ) -> None:
        check_whole("pruner.max_epochs", max_epochs)
        check_number("pruner.ramp", ramp, above=0, most=1)
        check_whole("pruner.every_n_steps", every_n_steps)
        self.name = name
        check_prunes_weights(prune, name)
        self.pruner = prune
        self.optimizer = optimizer
        self.scheduler = scheduler
        self.budget = Budget(max_epochs, gradient_clip_val, monitor=None)
        self.ramp = ramp
        self.every_n_steps = every_n_steps

    def candidates(
        self, run: Run, dense: nn.Module, sparsities: Sequence[float]
    ) -> Iterator[Candidate]:
        yield from self.prune(run, dense, sparsities)

    def prune(
        self, run: Run, net: nn.Module, sparsities: Sequence[float], *, epochs: int = 0
    ) -> Iterator[Candidate]:
        """Candidates from any network; see :class:`~pipelines.methods.NetworkPruner`."""
        folder = own_folder(run, self.name)
        files = milestone_files(folder, "gradual", sparsities)
        work, leaves = partial(self._fit, run, net, files, folder), list(files.values())
        done = once(run, folder / "gradual.json", work, keys=["epochs"], leaves=leaves)
        found = zip(files, milestones(net, files), done["epochs"], strict=True)
        for sparsity, (pruned, mask), used in found:
            yield Candidate(sparsity, pruned, mask, epochs + used)

    def _fit(
        self, run: Run, net: nn.Module, files: Mapping[float, Path], folder: Path
    ) -> dict[str, Any]:
        """Train and prune, and leave the network of each sparsity."""
        run.seed()
        largest = max(files)
        pruning = GradualPruning(
            self._score(run),
            sparsity=largest,
            milestones=files,
            every_n_steps=self.every_n_steps,
            ramp=self.ramp,
            allocate=self.pruner.allocate,
            min_per_layer=self.pruner.min_per_layer,
        )
        trained = deepcopy(net).requires_grad_(True)
        module = Classifier(trained, optimizer=self.optimizer, scheduler=self.scheduler)
        plan = f"{self.name}: training for {self.budget.max_epochs} epochs to {100 * largest:g} %"
        with announced(run.processes, plan):
            total = fit(
                run,
                module,
                self.budget,
                folder=folder,
                label=self.name,
                callbacks=[StopOnDivergence(), pruning],
                ckpt_path=run.cfg.ckpt_path if folder == run.folder else None,
            )
        return {"epochs": [pruning.epochs.get(sparsity, total) for sparsity in files]}

    def _score(self, run: Run) -> Any:
        def score(net: nn.Module, data: Batches) -> dict[str, Tensor]:
            # A loader of its own: that of the training is in the middle of an epoch.
            return self.pruner.scores(net, run.data.train_dataloader())

        return score

"""Invariant pruning: train the network's own parameters by what a predictor says of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

from lightning import Callback
from torch import nn

from callbacks import ThresholdWeights
from lightning_modules.invariant_pruner import InvariantPruner
from pipelines.guards import Guard
from pipelines.guards.rollback import Kept
from pipelines.guards.visited import Visited
from pipelines.methods.candidate import Candidate
from pipelines.methods.milestones import milestone_files, milestones
from pipelines.methods.optimisation import NETWORK, VISITED, Optimisation
from pipelines.methods.own_folder import own_folder
from pipelines.run import Run
from pipelines.stage import announced, once
from reporting import Guidance
from scalegmn.arguments import check_whole
from scalegmn.formats import load_state

FILE = "round.json"
KEYS = ("candidates", "steps", "visited")


class ScaleGMNInv:
    r"""Prune along :math:`\min_\theta \lambda \lVert \theta \rVert_1 - f(G, \theta)`, f frozen.

    No images are read: the predictor f says how good the network is. Weights that fall below a
    threshold become zero for good. When the zeros pass a sparsity, the network of that moment, with
    exactly as many zeros, is a candidate; the optimisation goes on from the network as it is. Where
    it ends before, the smallest magnitudes of its last network are pruned as well, and the row of
    the results says which sparsity it had reached (``method_sparsity``). Guards that refine the
    predictor do so between rounds, each a fit of its own that goes on from the last one's network,
    or from an earlier one if the guard does not trust it; what was passed later is forgotten.

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
        patience: epochs without a new zero after which it ends, those of networks that a guard
            does not trust included.
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
        self.max_epochs = max_epochs
        self.optimisation = Optimisation(
            name, callbacks, steps_per_epoch, gradient_clip_val, patience, prune_biases
        )

    def check(self) -> None:
        """Look at what the guard reads, before anything is trained."""
        self.guard.check()

    def guidance(self) -> Guidance:
        """What the results state about the predictor."""
        return self.guard.guidance()

    def candidates(
        self, run: Run, dense: nn.Module, sparsities: Sequence[float]
    ) -> Iterator[Candidate]:
        folder = own_folder(run, self.name)
        files = milestone_files(folder, "sparse", sparsities)
        measured = self._optimise(run, dense, files, folder)
        found = zip(files, milestones(dense, files), strict=True)
        for sparsity, (pruned, mask) in found:
            yield Candidate(sparsity, pruned, mask, measured=measured[f"{sparsity}"])

    def _optimise(
        self, run: Run, dense: nn.Module, files: Mapping[float, Path], folder: Path
    ) -> dict[str, Any]:
        """Go through the rounds; returns what was measured, by sparsity."""
        net, predictor, seen = dense, self.guard.file, list[Visited]()
        measured: dict[str, Any] = {}
        rounds = self.guard.rounds(self.max_epochs)
        zeros, unchanged = self.optimisation.zeros(net), 0
        for number, epochs in enumerate(rounds, 1):
            where = folder if len(rounds) == 1 else folder / f"round_{number}"
            left = {s: file for s, file in files.items() if f"{s}" not in measured}
            work = partial(self._round, run, net, predictor, left, epochs, where)
            leaves = [where / NETWORK, *[where / VISITED] * self.guard.visits]
            outcome = once(run, where / FILE, work, keys=KEYS, leaves=leaves)
            if self.guard.visits:
                count = len(outcome["visited"]) + len(outcome["candidates"])
                seen.append(Visited.load(where / VISITED, net, count))
            net, found, stalled = self._trusted(net, where, outcome, seen)
            measured |= found
            now = self.optimisation.zeros(net)
            zeros, unchanged = max(zeros, now), 0 if now > zeros else unchanged + epochs
            stalled = stalled or unchanged >= self.optimisation.patience
            if stalled or len(measured) == len(files) or number == len(rounds):
                break
            predictor = self.guard.refine(run, predictor, Visited.joined(seen), where / "refined")
        if left := {s: file for s, file in files.items() if f"{s}" not in measured}:
            complete = partial(self._complete, run, net, predictor, left)
            file = folder / "completed.json"
            keys = [f"{sparsity}" for sparsity in left]
            measured |= once(run, file, complete, keys=keys, leaves=list(left.values()))
        return measured

    def _trusted(
        self, begun: nn.Module, where: Path, outcome: Mapping[str, Any], seen: Sequence[Visited]
    ) -> tuple[nn.Module, dict[str, Any], bool]:
        """What a round has reached as far as the guard trusts it.

        Args:
            begun: the network at its beginning.
            where: its folder.
            outcome: what it left there.
            seen: the networks of all rounds so far that were visited; none without such a guard.

        Returns:
            The network to go on from, what was measured by sparsity, and whether it stalled.
        """
        ended = deepcopy(begun)
        ended.load_state_dict(load_state(where / NETWORK, ended))
        found, stalled = outcome["candidates"], outcome.get("stalled", False)
        if not seen:
            return ended, found, stalled
        passed = {sparsity: outcome["steps"][sparsity] for sparsity in found}
        kept = Kept.of(outcome["visited"], passed, self.guard.held(seen[-1]))
        if kept.all:
            return ended, found, stalled
        found = {sparsity: found[sparsity] for sparsity in kept.candidates}
        return _earlier(begun, seen[-1], kept.networks), found, False

    def _complete(
        self, run: Run, net: nn.Module, predictor: Path, files: Mapping[float, Path]
    ) -> dict[str, Any]:
        module = self.module(deepcopy(net), self.guard.judge(predictor))
        return self.optimisation.complete(run, module, files)

    def _round(
        self,
        run: Run,
        net: nn.Module,
        predictor: Path,
        files: Mapping[float, Path],
        epochs: int,
        folder: Path,
    ) -> dict[str, Any]:
        module = self.module(deepcopy(net).requires_grad_(True), self.guard.judge(predictor))
        run.seed()
        steps = epochs * self.optimisation.steps_per_epoch
        with announced(run.processes, f"{self.name}: at most {steps} steps"):
            return self.optimisation.round(
                run,
                module,
                files,
                epochs=epochs,
                visit=self.guard.visits,
                folder=folder,
                ckpt_path=run.cfg.ckpt_path if folder == run.folder else None,
            )


def _earlier(begun: nn.Module, visited: Visited, count: int) -> nn.Module:
    """The last of the first networks of a round; none of them: that from which it began."""
    net = deepcopy(begun)
    if count:
        # Buffers do not change.
        net.load_state_dict(visited.network(count - 1), strict=False)
    return net

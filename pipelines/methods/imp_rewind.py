"""Iterative magnitude pruning with rewinding: the lottery ticket, late in training."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from torch import Tensor, nn

from callbacks import GradientFreezing, Masking, StopOnDivergence
from pipelines.dense import DenseTraining, dense_data
from pipelines.fit import fit
from pipelines.metadata import metadata
from pipelines.methods.candidate import Candidate
from pipelines.methods.one_shot import OneShot, check_prunes_weights
from pipelines.methods.rounds import prune_in_rounds
from pipelines.run import Run
from pipelines.stage import announced, once
from scalegmn.arguments import check_number, check_whole
from scalegmn.formats import load_state, save_network
from scalegmn.pruning import Mask, equal_rates

EARLY = "early.safetensors"


@dataclass(frozen=True)
class Rewind:
    """Where weights go back to.

    Args:
        fraction: of the dense network's training, after which its weights were those that come
            back; rounded to epochs, at least one.
        weights: a file with these weights; ``None`` to train by the dense recipe until then.
        dense: the file of the dense network; ``None`` if its training is the recipe's.

    Raises:
        ValueError: if there are no early weights of the dense network.
    """

    fraction: float
    weights: str | None = None
    dense: str | None = None

    def __post_init__(self) -> None:
        check_number("pruner.rewind.fraction", self.fraction, above=0, below=1)
        if self.dense is not None and self.weights is None:
            raise ValueError(
                f"target.weights={self.dense}: its early weights are unknown, to which "
                "pruner=imp_rewind goes back: give pruner.rewind.weights=FILE, or no target.weights"
            )

    def epoch(self, total: int) -> int:
        """The epoch to go back to.

        Args:
            total: epochs of the dense training.

        Raises:
            ValueError: if none would be left to train.
        """
        epoch = max(1, round(self.fraction * total))
        if epoch >= total:
            raise ValueError(
                f"pruner.rewind.fraction={self.fraction}: of {total} epochs (dense.max_epochs) "
                "none is left to train"
            )
        return epoch


class IMPRewind:
    """Prune, set what is left back to its weights early in training, train from there, and repeat.

    Each sparsity has a chain of n rounds of its own, in which the same fraction of what is left is
    pruned (:func:`scalegmn.pruning.equal_rates`). A round trains by the recipe of the dense network
    from the early epoch on: its learning rates, its batches, with a new optimizer; and keeps the
    best epoch. The network of the last round is the candidate. Its epochs are those of all rounds,
    and those until the early epoch if they were trained here.

    Reference: Frankle et al., *Linear Mode Connectivity and the Lottery Ticket Hypothesis*, 2020,
    arXiv:1912.05671, algorithm 2.

    Args:
        name: of the method.
        prune: how what is left is pruned.
        rounds: n.
        rewind: where weights go back to.

    Raises:
        ValueError: if ``rounds`` is no count; for a network that the recipe does not train.
    """

    def __init__(self, *, name: str, prune: OneShot, rounds: int, rewind: Rewind) -> None:
        check_whole("pruner.rounds", rounds)
        self.name = name
        check_prunes_weights(prune, name)
        self.pruner = prune
        self.rounds = rounds
        self.rewind = rewind

    def candidates(
        self, run: Run, dense: nn.Module, sparsities: Sequence[float]
    ) -> Iterator[Candidate]:
        recipe: DenseTraining = run.build("dense")
        epoch = self.rewind.epoch(recipe.max_epochs)
        if dense.state_dict().keys() != run.target().state_dict().keys():
            raise ValueError(
                f"pruner={self.name} trains the network with its batch normalisation: give "
                "fold_batch_norm=false"
            )
        early, used = self._early(run, dense, recipe, epoch)
        for sparsity in sparsities:
            trained, mask, epochs = prune_in_rounds(
                run,
                dense,
                equal_rates(sparsity, self.rounds),
                prune=self.pruner,
                train=partial(_train, run, recipe, early, epoch),
                folder=run.folder / f"{self.name}_{100 * sparsity:g}",
            )
            assert mask is not None
            yield Candidate(sparsity, trained, mask, used + epochs)

    def _early(
        self, run: Run, net: nn.Module, recipe: DenseTraining, epoch: int
    ) -> tuple[dict[str, Tensor], int]:
        """The weights to go back to, and the epochs that it took here to get them."""
        if self.rewind.weights is not None:
            return load_state(self.rewind.weights, net), 0
        folder = run.folder / f"{self.name}_early"
        work = partial(_train_early, run, recipe, epoch, folder)
        with announced(run.processes, f"{self.name}: the weights of epoch {epoch}"):
            stage, leaves = folder / "stage.json", [folder / EARLY]
            done = once(run, stage, work, keys=["epochs"], leaves=leaves)
        return load_state(folder / EARLY, net), done["epochs"]


def _train_early(run: Run, recipe: DenseTraining, epoch: int, folder: Path) -> dict[str, int]:
    """Begin the training of the dense network, and leave what it is after some epochs."""
    run.seed()
    module = recipe.module(run.target())
    epochs = fit(
        run,
        module,
        replace(recipe.budget, max_epochs=epoch, monitor=None),
        folder=folder,
        label=folder.name,
        data=dense_data(run),
        callbacks=[StopOnDivergence()],
    )
    if run.processes.is_first:
        about = {**metadata(run.cfg), "method": "dense", "sparsity": "0"}
        save_network(folder / EARLY, module.net.state_dict(), about)
    run.processes.barrier()
    return {"epochs": epochs}


def _train(
    run: Run,
    recipe: DenseTraining,
    early: dict[str, Tensor],
    epoch: int,
    net: nn.Module,
    mask: Mask,
    folder: Path,
) -> int:
    """Set a pruned network back, and train it by the rest of the recipe."""
    net.load_state_dict(mask.apply(early))
    run.seed()
    return fit(
        run,
        recipe.module(net, first_epoch=epoch),
        replace(recipe.budget, max_epochs=recipe.max_epochs - epoch),
        folder=folder,
        label=f"{folder.parent.name}/{folder.name}",
        data=dense_data(run),
        callbacks=[Masking(mask), GradientFreezing(mask), StopOnDivergence()],
    )

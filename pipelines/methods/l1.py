"""L1 pruning: train a network to be sparse, then prune by a score."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path

from lightning import Callback
from torch import nn

from callbacks import StopOnDivergence, ThresholdWeights
from lightning_modules.l1_pruner import L1Pruner, Norm
from lightning_modules.schedule import OptimizerFactory, Schedule
from pipelines.fit import Budget, fit
from pipelines.metadata import metadata
from pipelines.methods.candidate import Candidate, NetworkPruner
from pipelines.methods.one_shot import example_image
from pipelines.methods.own_folder import own_folder
from pipelines.run import Run
from pipelines.stage import announced, once
from scalegmn.arguments import check_number, check_whole
from scalegmn.formats import load_state, save_network
from scalegmn.graph import NetworkGraph
from scalegmn.graph.fold import has_batch_norm
from scalegmn.pruning import l1
from scalegmn.pruning.channels import l1_and_groups

FILE = "sparse.safetensors"


class L1:
    r"""Prune a network after training it with a penalty :math:`\lambda \lVert \theta \rVert_1`.

    The network of the epoch with the lowest cross-entropy plus penalty on validation images is
    pruned to every sparsity. It is what ScaleGMN-Eq does, without an operator: the gradient changes
    the parameters themselves.

    Reference: Han et al., *Learning both Weights and Connections for Efficient Neural Networks*,
    2015, arXiv:1506.02626, section 3.1.

    Args:
        name: of the method.
        prune: how the trained network is pruned.
        l1_weight: λ.
        group_weight: μ, of the norms of whole channels beside single magnitudes, as the operator's
            (:class:`~lightning_modules.equivariant_pruner.EquivariantPruner`): the penalty is
            λ (‖θ‖₁ + μ Σ‖channel‖₂).
        threshold: weights below become zero for good while the network is trained; ``None`` for
            none.
        prune_biases: biases, too.
        optimizer: makes an optimizer for the network's parameters.
        scheduler: of its learning rate; ``None`` for a constant one.
        max_epochs: how long the network is trained.
        gradient_clip_val: the largest norm of the gradient; ``None`` for any.

    Raises:
        ValueError: if a number is out of range.
    """

    def __init__(
        self,
        *,
        name: str,
        prune: NetworkPruner,
        l1_weight: float,
        group_weight: float = 0.0,
        threshold: float | None = None,
        prune_biases: bool = False,
        optimizer: OptimizerFactory,
        scheduler: Schedule | None = None,
        max_epochs: int,
        gradient_clip_val: float | None = None,
    ) -> None:
        check_number("pruner.l1_weight", l1_weight, above=0)
        check_number("pruner.group_weight", group_weight, least=0)
        if threshold is not None:
            check_number("pruner.threshold", threshold, above=0)
        check_whole("pruner.max_epochs", max_epochs)
        self.name = name
        self.pruner = prune
        self.module = partial(
            L1Pruner, l1_weight=l1_weight, optimizer=optimizer, scheduler=scheduler
        )
        self.group_weight = group_weight
        self.threshold = threshold
        self.prune_biases = prune_biases
        self.budget = Budget(max_epochs, gradient_clip_val, monitor="val/total")

    def candidates(
        self, run: Run, dense: nn.Module, sparsities: Sequence[float]
    ) -> Iterator[Candidate]:
        yield from self.prune(run, dense, sparsities)

    def prune(
        self, run: Run, net: nn.Module, sparsities: Sequence[float], *, epochs: int = 0
    ) -> Iterator[Candidate]:
        """Candidates from any network; see :class:`~pipelines.methods.NetworkPruner`."""
        folder = own_folder(run, self.name)
        work = partial(self._fit, run, net, folder)
        done = once(run, folder / "sparse.json", work, keys=["epochs"], leaves=[folder / FILE])
        sparse = deepcopy(net)
        sparse.load_state_dict(load_state(folder / FILE, sparse))
        yield from self.pruner.prune(run, sparse, sparsities, epochs=epochs + done["epochs"])

    def _fit(self, run: Run, net: nn.Module, folder: Path) -> dict[str, int]:
        """Train, and leave the network of the best epoch."""
        run.seed()
        callbacks: list[Callback] = [StopOnDivergence()]
        if self.threshold is not None:
            callbacks.append(ThresholdWeights(self.threshold, prune_biases=self.prune_biases))
        module = self.module(deepcopy(net).requires_grad_(True), norm=self._norm(run, net))
        with announced(run.processes, f"{self.name}: training for {self.budget.max_epochs} epochs"):
            epochs = fit(
                run,
                module,
                self.budget,
                folder=folder,
                label=self.name,
                callbacks=callbacks,
                ckpt_path=run.cfg.ckpt_path if folder == run.folder else None,
            )
        if run.processes.is_first:
            about = {**metadata(run.cfg), "method": self.name}
            save_network(folder / FILE, module.net.state_dict(), about)
        run.processes.barrier()
        return {"epochs": epochs}

    def _norm(self, run: Run, net: nn.Module) -> Norm:
        """The penalty without its weight.

        Raises:
            ValueError: if channels count, and the network's graph cannot be read.
        """
        if not self.group_weight:
            return l1
        if has_batch_norm(net):
            raise ValueError(
                "pruner.group_weight: channels have no norms with batch normalisation: fold it "
                "(fold_batch_norm=true)"
            )
        example = example_image(run.data.train_dataloader())
        graph = NetworkGraph.from_module(deepcopy(net).cpu(), example)
        return partial(l1_and_groups, graph, group_weight=self.group_weight)

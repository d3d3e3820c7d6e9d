"""Equivariant pruning: train an operator to rewrite the network, then prune by a score."""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from functools import partial

from torch import nn

from lightning_modules.equivariant_pruner import EquivariantPruner
from pipelines.fit import epochs_done, fit_method
from pipelines.metadata import metadata
from pipelines.methods.candidate import Candidate, NetworkPruner
from pipelines.methods.module_check import check_takes_network
from pipelines.run import Run
from pipelines.stage import announced, once
from scalegmn.formats import load_state, save_network

FILE = "rewritten.safetensors"


class ScaleGMNEq:
    r"""Prune :math:`\theta' = \theta + f_\varphi(G, \theta)` after training the operator f.

    Reference: Byrman et al., *Neural Network Pruning with Scale Equivariant Graph Metanetworks*.

    Args:
        name: of the method.
        module: makes the LightningModule that trains the operator, given the network.
        prune: how the rewritten network is pruned.

    Raises:
        ValueError: if ``module`` cannot be called with a network.
    """

    def __init__(
        self, *, name: str, module: Callable[..., EquivariantPruner], prune: NetworkPruner
    ) -> None:
        check_takes_network(module, name, "equivariant_pruner")
        self.name = name
        self.module = module
        self.prune = prune

    def candidates(
        self, run: Run, dense: nn.Module, sparsities: Sequence[float]
    ) -> Iterator[Candidate]:
        rewritten = deepcopy(dense)
        stage = run.folder / "rewritten.json"
        work, leaves = partial(self._fit, run, dense), [run.folder / FILE]
        epochs = once(run, stage, work, keys=["epochs"], leaves=leaves)["epochs"]
        rewritten.load_state_dict(load_state(run.folder / FILE, rewritten))
        yield from self.prune.prune(run, rewritten, sparsities, epochs=epochs)

    def _fit(self, run: Run, dense: nn.Module) -> dict[str, int]:
        """Train the operator, and leave the network that its best epoch makes."""
        epochs = run.cfg.trainer.max_epochs
        with announced(run.processes, f"operator: training for {epochs} epochs"):
            run.seed()
            # Drawn like the dense network's, so that the operator's initial weights follow.
            run.target()
            module = self.module(deepcopy(dense))
            done = epochs_done(fit_method(run, module))
        net = deepcopy(dense)
        net.load_state_dict({**net.state_dict(), **module.rewritten()})
        if run.processes.is_first:
            about = {**metadata(run.cfg), "method": self.name}
            save_network(run.folder / FILE, net.state_dict(), about)
        run.processes.barrier()
        return {"epochs": done}
